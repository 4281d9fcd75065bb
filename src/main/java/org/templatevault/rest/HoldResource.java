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
import org.templatevault.persistence.Holds;
import org.templatevault.vault.RetentionVault;

/** The legal holds that are in force, of all subjects. */
@Path("/holds")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class HoldResource {
    private static final UUID NIL = new UUID(0, 0);
    private static final int PAGE = 100;

    @Inject
    RetentionVault vault;

    /** A page of holds, in the order of their subjects' ids; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed({"eraser", "auditor"})
    public String list(@QueryParam("cursor") @Nullable String cursor) {
        List<Holds.Row> rows = vault.holdsInForce(cursor == null ? NIL : Api.uuid("cursor", cursor), PAGE);
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(SubjectRetentionResource.json(row)
                .add("subject", row.subjectId().toString())));
        JsonObjectBuilder page = Json.createObjectBuilder().add("holds", array);
        if (rows.size() == PAGE) {
            page.add("next", rows.get(PAGE - 1).subjectId().toString());
        }
        return page.build().toString();
    }
}
