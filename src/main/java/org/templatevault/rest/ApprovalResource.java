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
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.persistence.Approvals;
import org.templatevault.vault.InvalidTemplateException;

/** What one person asked for and another decides. */
@Path("/approvals")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class ApprovalResource {
    private static final String ONE = "/{approval:" + Api.UUID_PATTERN + "}";
    private static final int BODY_BYTES = 4 << 10;
    private static final int PAGE = 100;

    @Inject
    ApprovalLedger ledger;

    @Inject
    Caller caller;

    /**
     * The requests, 100 on a page: those that wait for a decision first, then those that wait to be carried out; {@code next}
     * is there while there may be more.
     */
    @GET
    @RolesAllowed({"approver", "key-custodian", "auditor", "operator"})
    public String list(@QueryParam("cursor") @Nullable String cursor) {
        List<Approvals.Row> rows = ledger.newest(cursor == null ? null : place(cursor), PAGE);
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(json(row)));
        JsonObjectBuilder page = Json.createObjectBuilder().add("approvals", array);
        if (rows.size() == PAGE) {
            Approvals.Place last = Approvals.Place.of(rows.get(rows.size() - 1));
            page.add("next", last.waits() + "." + last.id());
        }
        return page.build().toString();
    }

    private static Approvals.Place place(String cursor) {
        if (!cursor.matches("[0-2]\\..+")) {
            throw InvalidTemplateException.field("cursor", "what an earlier answer gave as next");
        }
        return new Approvals.Place(cursor.charAt(0) - '0', Api.uuid("cursor", cursor.substring(2)));
    }

    /** One request. */
    @GET
    @Path(ONE)
    @RolesAllowed({"approver", "key-custodian", "auditor", "operator"})
    public String get(@PathParam("approval") UUID approval) {
        return json(ledger.get(approval)).build().toString();
    }

    /** Approves exactly the request whose hash the approver names. */
    @POST
    @Path(ONE + ":approve")
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("approver")
    public String approve(@PathParam("approval") UUID approval, InputStream body) throws IOException {
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        String hash = TemplateJson.text(json, "requestHash", "requestHash");
        if (hash == null || json.size() != 1) {
            throw InvalidTemplateException.field("requestHash", "required: that of the request which is approved");
        }
        return json(ledger.approve(approval, hash, caller.name())).build().toString();
    }

    /** Refuses a request. */
    @POST
    @Path(ONE + ":reject")
    @RolesAllowed("approver")
    public String reject(@PathParam("approval") UUID approval) {
        return json(ledger.reject(approval, caller.name())).build().toString();
    }

    /** Takes a request back, as long as it is not carried out: those who decide any, other requesters their own. */
    @POST
    @Path(ONE + ":cancel")
    @RolesAllowed({"key-custodian", "approver", "eraser", "operator"})
    public String cancel(@PathParam("approval") UUID approval) {
        Approvals.Row row = caller.hasOneOf("key-custodian", "approver")
                ? ledger.cancel(approval)
                : ledger.cancelOwn(approval, caller.name());
        return json(row).build().toString();
    }

    static Response accepted(Approvals.Row row) {
        return Response.accepted(json(row).build().toString())
                .location(URI.create("approvals/" + row.id()))
                .build();
    }

    static JsonObjectBuilder json(Approvals.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("kind", row.kind())
                .add("subject", row.subject())
                .add("request", row.request())
                .add("requestHash", HexFormat.of().formatHex(row.requestHash().toArray()))
                .add("state", ApprovalLedger.state(row))
                .add("requestedBy", row.requestedBy())
                .add("requestedAt", row.requestedAt().toString());
        if (row.decidedBy() != null) {
            json.add("decidedBy", row.decidedBy()).add("decidedAt", String.valueOf(row.decidedAt()));
        }
        if (row.notBefore() != null) {
            json.add("notBefore", row.notBefore().toString());
        }
        return json.add("expiresAt", row.expiresAt().toString());
    }
}
