package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Quarantine;
import org.templatevault.vault.InvalidTemplateException;

/** The rows that did not open while a rotation passed them. */
@Path("/quarantine")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class QuarantineResource {
    private static final int PAGE = 100;
    private static final UUID NIL = new UUID(0, 0);

    @Inject
    Quarantine quarantine;

    /** A page of rows, in the order of their ids; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed({"auditor", "operator"})
    public String list(@QueryParam("cursor") @Nullable String cursor) {
        List<Quarantine.Row> rows = quarantine.page(cursor == null ? NIL : id(cursor), PAGE);
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(json(row)));
        JsonObjectBuilder page = Json.createObjectBuilder().add("rows", array);
        if (rows.size() == PAGE) {
            page.add("next", rows.get(PAGE - 1).id().toString());
        }
        return page.build().toString();
    }

    private static UUID id(String cursor) {
        if (!cursor.matches(Api.UUID_PATTERN)) {
            throw InvalidTemplateException.field("cursor", "what an earlier page gave as next");
        }
        return UUID.fromString(cursor);
    }

    private static JsonObjectBuilder json(Quarantine.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("subject", row.subjectId().toString());
        if (!row.templateId().equals(NIL)) {
            json.add("template", row.templateId().toString()).add("version", row.version());
        }
        return json.add("rotation", row.rotationId().toString())
                .add("reason", row.reason())
                .add("at", row.at().toString());
    }
}
