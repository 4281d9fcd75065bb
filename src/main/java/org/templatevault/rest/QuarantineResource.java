package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Quarantine;
import org.templatevault.rotation.QuarantineLedger;
import org.templatevault.vault.Diagnosis;

/** The rows that did not open while a rotation passed them. */
@Path("/quarantine")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class QuarantineResource {
    private static final int PAGE = 100;
    private static final UUID NIL = new UUID(0, 0);

    private static final String ONE = "/{row:" + Api.UUID_PATTERN + "}";

    @Inject
    QuarantineLedger ledger;

    @Inject
    Caller caller;

    /** A page of rows, in the order of their ids; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed({"auditor", "operator"})
    public String list(@QueryParam("cursor") @Nullable String cursor) {
        List<Quarantine.Row> rows = ledger.page(cursor == null ? NIL : Api.uuid("cursor", cursor), PAGE);
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(json(row)));
        JsonObjectBuilder page = Json.createObjectBuilder().add("rows", array);
        if (rows.size() == PAGE) {
            page.add("next", rows.get(PAGE - 1).id().toString());
        }
        return page.build().toString();
    }

    /** Opens the row's subject again after a repair; it moves to the active version and leaves quarantine. */
    @POST
    @Path(ONE + ":retry")
    @RolesAllowed("operator")
    public Response retry(@PathParam("row") UUID row) {
        ledger.retry(row);
        return Response.noContent().build();
    }

    /** Asks to give the row's subject up, so that its key version can end; somebody else has to approve it. */
    @POST
    @Path(ONE + ":release")
    @RolesAllowed("key-custodian")
    public Response release(@PathParam("row") UUID row) {
        return ApprovalResource.accepted(ledger.requestRelease(row, caller.name()));
    }

    private static JsonObjectBuilder json(Quarantine.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("subject", row.subjectId().toString());
        if (row.templateId().equals(Diagnosis.KEY_ITSELF)) {
            json.add("part", "key");
        } else if (row.templateId().equals(Diagnosis.REFERENCE)) {
            json.add("part", "reference");
        } else {
            json.add("part", "template")
                    .add("template", row.templateId().toString())
                    .add("version", row.version());
        }
        return json.add("rotation", row.rotationId().toString())
                .add("class", row.damageClass())
                .add("at", row.at().toString());
    }
}
