package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Holds;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.RetentionVault;

/** How long a subject is kept: its policy, the person's interactions, legal holds. */
@Path("/subjects")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class SubjectRetentionResource {
    private static final String ONE = "/{subject:" + Api.UUID_PATTERN + "}";
    private static final int BODY_BYTES = 1 << 10;

    @Inject
    RetentionVault vault;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** The person was there: for matchers that work from their own copy. */
    @POST
    @Path(ONE + ":interaction")
    @RolesAllowed({"reader", "enroller"})
    public Response interaction(@PathParam("subject") UUID subject) {
        vault.interacted(subject);
        return Response.noContent().build();
    }

    /** Gives the subject another policy. */
    @PUT
    @Path(ONE + "/policy")
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("eraser")
    public Response assign(
            @PathParam("subject") UUID subject, @HeaderParam("If-Match") @Nullable String ifMatch, InputStream body)
            throws IOException {
        long expected = conditions.ifMatch(ifMatch);
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        if (!Set.of("policy").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("subject", "has only policy");
        }
        long revision = vault.assign(subject, TemplateJson.required(json, "policy"), expected);
        return Response.noContent()
                .header("ETag", '"' + Long.toString(revision) + '"')
                .build();
    }

    /** The hold that is in force, and all there were. */
    @GET
    @Path(ONE + "/hold")
    @RolesAllowed({"eraser", "auditor"})
    public String holds(@PathParam("subject") UUID subject) {
        List<Holds.Row> holds = vault.holds(subject);
        JsonArrayBuilder array = Json.createArrayBuilder();
        holds.forEach(hold -> array.add(json(hold)));
        return Json.createObjectBuilder()
                .add("held", holds.stream().anyMatch(Holds.Row::isActive))
                .add("holds", array)
                .build()
                .toString();
    }

    /** Keeps everybody from erasing the subject. */
    @PUT
    @Path(ONE + "/hold")
    @RolesAllowed("eraser")
    public String hold(@PathParam("subject") UUID subject, @HeaderParam("X-Reason") @Nullable String reason) {
        return json(vault.hold(subject, conditions.requireWords(reason), caller.name()))
                .build()
                .toString();
    }

    /** Lets the subject be erased again. */
    @DELETE
    @Path(ONE + "/hold")
    @RolesAllowed("eraser")
    public Response lift(@PathParam("subject") UUID subject, @HeaderParam("X-Reason") @Nullable String reason) {
        vault.lift(subject, conditions.requireWords(reason), caller.name());
        return Response.noContent().build();
    }

    static JsonObjectBuilder json(Holds.Row hold) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", hold.id().toString())
                .add("reason", hold.reason())
                .add("setBy", hold.setBy())
                .add("setAt", hold.setAt().toString());
        if (!hold.isActive()) {
            json.add("liftReason", String.valueOf(hold.liftReason()))
                    .add("liftedBy", String.valueOf(hold.liftedBy()))
                    .add("liftedAt", String.valueOf(hold.liftedAt()));
        }
        return json;
    }
}
