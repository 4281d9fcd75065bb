package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.RequestKey;
import org.templatevault.vault.RetentionVault;
import org.templatevault.vault.SubjectVault;

/** Subjects: make, describe, erase. */
@Path("/subjects")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class SubjectResource {
    private static final int BODY_BYTES = 8 << 10;

    @Inject
    SubjectVault vault;

    @Inject
    RetentionVault retention;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Makes a subject, or answers 200 with the one that has the reference. */
    @POST
    @Consumes({MediaType.APPLICATION_JSON, MediaType.WILDCARD})
    @RolesAllowed("enroller")
    public Response create(@HeaderParam("Idempotency-Key") @Nullable String idempotencyKey, InputStream body)
            throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = bytes.length == 0 ? JsonObject.EMPTY_JSON_OBJECT : TemplateJson.parse(bytes);
        requireOnly(json, Set.of("reference", "policy"));
        RequestKey key = conditions.requestKey(idempotencyKey, "POST /subjects", bytes);
        SubjectVault.Made made = vault.create(
                TemplateJson.text(json, "reference", "reference"), TemplateJson.text(json, "policy", "policy"), key);
        String answer = Json.createObjectBuilder()
                .add("id", made.subject().toString())
                .build()
                .toString();
        return made.created()
                ? Response.created(URI.create("subjects/" + made.subject()))
                        .entity(answer)
                        .build()
                : Response.ok(answer).build();
    }

    static @Nullable String reference(JsonObject json) {
        requireOnly(json, Set.of("reference"));
        return TemplateJson.text(json, "reference", "reference");
    }

    private static void requireOnly(JsonObject json, Set<String> fields) {
        if (!fields.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "subject", "has only " + fields.stream().sorted().toList());
        }
    }

    /** The subject's open facts; the ETag is its revision. */
    @GET
    @Path("/{subject:" + Api.UUID_PATTERN + "}")
    @RolesAllowed({"enroller", "reader", "eraser", "auditor"})
    public Response describe(@PathParam("subject") UUID subject) {
        SubjectKeyRow row = vault.describe(subject);
        Retention.Row kept = retention.describe(subject);
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", subject.toString())
                .add("revision", row.revision())
                .add("keyVersion", row.kekVersion())
                .add("suite", row.dataSuite())
                .add("storedBytes", row.storedBytes())
                .add("createdAt", row.createdAt().toString())
                .add("policy", kept.policy())
                .add("lastInteractionAt", kept.lastInteractionOn().toString());
        if (kept.dueOn() != null) {
            json.add("dueAt", kept.dueOn().toString());
        }
        return Response.ok(json.build().toString())
                .header("ETag", '"' + Long.toString(row.revision()) + '"')
                .build();
    }

    /** Erases the subject: its key and all its rows are gone when this answers. */
    @DELETE
    @Path("/{subject:" + Api.UUID_PATTERN + "}")
    @RolesAllowed("eraser")
    public Response erase(
            @PathParam("subject") UUID subject,
            @HeaderParam("If-Match") @Nullable String ifMatch,
            @HeaderParam("X-Reason") @Nullable String reason) {
        long expected = conditions.ifMatch(ifMatch);
        String allowed = conditions.requireReason(reason);
        Erasures.Row erasure = vault.erase(subject, expected, allowed, caller.name());
        return Response.accepted(ErasureJson.record(erasure).toString())
                .location(URI.create("erasures/" + erasure.id()))
                .build();
    }
}
