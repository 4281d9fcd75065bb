package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Templates;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.NewTemplate;
import org.templatevault.vault.RequestKey;
import org.templatevault.vault.TemplateVault;
import org.templatevault.vault.VersionVault;

/** The templates of one subject. */
@Path("/subjects/{subject:" + Api.UUID_PATTERN + "}/templates")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class TemplateResource {
    private static final String ONE = "/{template:" + Api.UUID_PATTERN + "}";
    private static final int JSON_OVERHEAD = 16 << 10;

    @Inject
    Settings settings;

    @Inject
    TemplateVault vault;

    @Inject
    VersionVault versions;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Stores a template given as JSON. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("enroller")
    public Response storeJson(
            @PathParam("subject") UUID subject,
            @HeaderParam("Idempotency-Key") @Nullable String idempotencyKey,
            InputStream body)
            throws IOException {
        byte[] bytes = jsonBody(body);
        RequestKey key = conditions.requestKey(idempotencyKey, "POST /subjects/" + subject + "/templates", bytes);
        return store(subject, TemplateJson.read(TemplateJson.parse(bytes)), key);
    }

    /** Stores a template given as its bytes, with its attributes in the query. */
    @POST
    @Consumes(MediaType.APPLICATION_OCTET_STREAM)
    @RolesAllowed("enroller")
    public Response storeBytes(
            @PathParam("subject") UUID subject,
            @HeaderParam("Idempotency-Key") @Nullable String idempotencyKey,
            @Context UriInfo uri,
            InputStream body)
            throws IOException {
        byte[] bytes = octets(body);
        MultivaluedMap<String, String> query = uri.getQueryParameters();
        String route = "POST /subjects/" + subject + "/templates?"
                + uri.getRequestUri().getRawQuery();
        RequestKey key = conditions.requestKey(idempotencyKey, route, bytes);
        return store(subject, TemplateQuery.read(query, bytes), key);
    }

    private Response store(UUID subject, NewTemplate template, @Nullable RequestKey key) {
        try (template) {
            Templates.Metadata stored = vault.store(subject, template, caller.name(), key);
            URI location = URI.create("subjects/" + subject + "/templates/" + stored.id());
            return answer(Response.created(location), stored);
        }
    }

    /** The newest version of each template. */
    @GET
    @RolesAllowed({"enroller", "reader", "eraser"})
    public String list(@PathParam("subject") UUID subject, @QueryParam("modality") @Nullable String modality) {
        return json(vault.list(subject, modality));
    }

    /** The open columns of the newest version. */
    @GET
    @Path(ONE)
    @RolesAllowed({"enroller", "reader", "eraser"})
    public Response describe(@PathParam("subject") UUID subject, @PathParam("template") UUID template) {
        return answer(Response.ok(), vault.describe(subject, template));
    }

    /** The versions that are kept, newest first. */
    @GET
    @Path(ONE + "/versions")
    @RolesAllowed({"enroller", "reader", "eraser"})
    public String versions(@PathParam("subject") UUID subject, @PathParam("template") UUID template) {
        return json(vault.versions(subject, template));
    }

    /** The exact bytes that were stored. */
    @GET
    @Path(ONE + "/content")
    @Produces(MediaType.APPLICATION_OCTET_STREAM)
    @ReturnsContent
    @RolesAllowed("reader")
    public Response contentBytes(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @QueryParam("version") @Nullable String version,
            @HeaderParam("X-Purpose") @Nullable String purpose) {
        String allowed = conditions.requirePurpose(purpose);
        try (TemplateVault.Opened opened = vault.read(subject, template, TemplateQuery.version(version), allowed)) {
            return Response.ok(opened.payload().template().clone())
                    .header("ETag", etag(opened.metadata()))
                    .build();
        }
    }

    /** The bytes as base64, with all attributes. */
    @GET
    @Path(ONE + "/content")
    @Produces("application/json;qs=0.5")
    @ReturnsContent
    @RolesAllowed("reader")
    public Response contentJson(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @QueryParam("version") @Nullable String version,
            @HeaderParam("X-Purpose") @Nullable String purpose) {
        String allowed = conditions.requirePurpose(purpose);
        try (TemplateVault.Opened opened = vault.read(subject, template, TemplateQuery.version(version), allowed)) {
            return Response.ok(TemplateJson.content(opened).build().toString())
                    .header("ETag", etag(opened.metadata()))
                    .build();
        }
    }

    /** Stores a new version given as JSON. */
    @PUT
    @Path(ONE)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("enroller")
    public Response replaceJson(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @HeaderParam("If-Match") @Nullable String ifMatch,
            InputStream body)
            throws IOException {
        int expected = conditions.ifMatchVersion(ifMatch);
        return replace(subject, template, expected, TemplateJson.read(TemplateJson.parse(jsonBody(body))));
    }

    /** Stores a new version given as its bytes. */
    @PUT
    @Path(ONE)
    @Consumes(MediaType.APPLICATION_OCTET_STREAM)
    @RolesAllowed("enroller")
    public Response replaceBytes(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @HeaderParam("If-Match") @Nullable String ifMatch,
            @Context UriInfo uri,
            InputStream body)
            throws IOException {
        int expected = conditions.ifMatchVersion(ifMatch);
        return replace(subject, template, expected, TemplateQuery.read(uri.getQueryParameters(), octets(body)));
    }

    /** Stores an old version once more, as the newest. */
    @POST
    @Path(ONE + "/versions/{version:[1-9][0-9]{0,8}}:restore")
    @RolesAllowed("enroller")
    public Response restore(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @PathParam("version") int version,
            @HeaderParam("If-Match") @Nullable String ifMatch) {
        int expected = conditions.ifMatchVersion(ifMatch);
        return answer(Response.ok(), versions.restore(subject, template, version, expected, caller.name()));
    }

    private Response replace(UUID subject, UUID template, int expected, NewTemplate content) {
        try (content) {
            if (content.policy() != null) {
                throw InvalidTemplateException.field("policy", "only beside the first template of a subject");
            }
            return answer(Response.ok(), vault.replace(subject, template, expected, content, caller.name()));
        }
    }

    /** Removes a template with all its versions. */
    @DELETE
    @Path(ONE)
    @RolesAllowed("eraser")
    public void delete(
            @PathParam("subject") UUID subject,
            @PathParam("template") UUID template,
            @HeaderParam("If-Match") @Nullable String ifMatch,
            @HeaderParam("X-Reason") @Nullable String reason) {
        int expected = conditions.ifMatchVersion(ifMatch);
        conditions.requireReason(reason);
        vault.delete(subject, template, expected);
    }

    private byte[] octets(InputStream body) throws IOException {
        return new BoundedInput(body, settings.templateMaxBytes()).readAllBytes();
    }

    private byte[] jsonBody(InputStream body) throws IOException {
        long limit = settings.templateMaxBytes() * 4L / 3 + JSON_OVERHEAD;
        return new BoundedInput(body, limit).readAllBytes();
    }

    private static Response answer(Response.ResponseBuilder response, Templates.Metadata metadata) {
        return response.entity(TemplateJson.metadata(metadata).build().toString())
                .header("ETag", etag(metadata))
                .build();
    }

    private static String etag(Templates.Metadata metadata) {
        return '"' + Integer.toString(metadata.version()) + '"';
    }

    private static String json(List<Templates.Metadata> list) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        list.forEach(metadata -> array.add(TemplateJson.metadata(metadata)));
        return Json.createObjectBuilder().add("templates", array).build().toString();
    }
}
