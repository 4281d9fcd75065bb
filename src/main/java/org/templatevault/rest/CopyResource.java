package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.CopyLedger;
import org.templatevault.persistence.Copies;
import org.templatevault.vault.InvalidTemplateException;

/** Backups that somebody registers, so that destructions and receipts can count with them. */
@Path("/copies")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class CopyResource {
    private static final int BODY_BYTES = 4 << 10;
    private static final Set<String> FIELDS = Set.of("kind", "name", "takenAt", "expiresAt");

    @Inject
    CopyLedger ledger;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** The registered backups that have not expired, the newest first; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed({"operator", "key-custodian", "approver", "auditor"})
    public String list(@QueryParam("cursor") @Nullable String cursor) {
        List<Copies.Row> rows = ledger.present(cursor == null ? null : Api.uuid("cursor", cursor));
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(json(row)));
        JsonObjectBuilder page = Json.createObjectBuilder().add("copies", array);
        if (rows.size() == Copies.LISTED) {
            page.add("next", rows.get(rows.size() - 1).id().toString());
        }
        return page.build().toString();
    }

    /** Registers a backup. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("operator")
    public Response register(@HeaderParam("Idempotency-Key") @Nullable String idempotencyKey, InputStream body)
            throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = TemplateJson.parse(bytes);
        if (!FIELDS.containsAll(json.keySet())) {
            throw InvalidTemplateException.field("copy", "has only kind, name, takenAt and expiresAt");
        }
        String kind = TemplateJson.text(json, "kind", "kind");
        String name = TemplateJson.text(json, "name", "name");
        Copies.Row row = ledger.register(
                kind == null ? "" : kind,
                name == null ? "" : name,
                instant(json, "takenAt"),
                instant(json, "expiresAt"),
                caller.name(),
                conditions.requestKey(idempotencyKey, "POST /copies", bytes));
        return Response.status(Response.Status.CREATED)
                .entity(json(row).build().toString())
                .build();
    }

    /** Notes that a copy is gone before its expiry. */
    @POST
    @Path("/{copy:" + Api.UUID_PATTERN + "}:destroyed")
    @RolesAllowed("operator")
    public String destroyed(@PathParam("copy") UUID copy) {
        return json(ledger.destroyed(copy, caller.name())).build().toString();
    }

    private static Instant instant(JsonObject json, String field) {
        try {
            return Instant.parse(String.valueOf(TemplateJson.text(json, field, field)));
        } catch (DateTimeParseException notATime) {
            throw InvalidTemplateException.field(field, "a time such as 2026-03-01T02:00:00Z");
        }
    }

    static JsonObjectBuilder json(Copies.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("kind", row.kind())
                .add("name", row.name())
                .add("takenAt", row.takenAt().toString())
                .add("expiresAt", row.expiresAt().toString())
                .add("registeredBy", row.registeredBy())
                .add("registeredAt", row.registeredAt().toString());
        if (row.destroyedAt() != null) {
            json.add("destroyedAt", row.destroyedAt().toString()).add("destroyedBy", String.valueOf(row.destroyedBy()));
        }
        return json;
    }
}
