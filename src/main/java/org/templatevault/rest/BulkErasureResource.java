package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PATCH;
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
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.retention.BulkErasureLedger;
import org.templatevault.vault.RequestKey;

/** Erasures of many subjects: ask for one, watch it, steer it. */
@Path("/erasures")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class BulkErasureResource {
    private static final String ONE = "/bulk/{bulk:" + Api.UUID_PATTERN + "}";
    private static final int BODY_BYTES = 64 << 10;
    private static final UUID NIL = new UUID(0, 0);

    @Inject
    BulkErasureLedger ledger;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Erases the subjects of a list or of a query, or counts them. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("eraser")
    public Response request(
            @HeaderParam("Idempotency-Key") @Nullable String idempotencyKey,
            @HeaderParam("X-Reason") @Nullable String reason,
            InputStream body)
            throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        BulkErasureJson.Asked asked = BulkErasureJson.read(TemplateJson.parse(bytes));
        if (asked.dryRun()) {
            return Response.ok(BulkErasureJson.counts(ledger.dryRun(asked.request()))
                            .add("dryRun", true)
                            .build()
                            .toString())
                    .build();
        }
        String allowed = conditions.requireReason(reason);
        RequestKey key = conditions.requestKey(idempotencyKey, "POST /erasures " + allowed, bytes);
        BulkErasures.Row row = ledger.request(asked.request(), allowed, caller.name(), key);
        return Response.accepted(BulkErasureJson.json(row).build().toString())
                .location(URI.create("erasures/bulk/" + row.id()))
                .build();
    }

    /** The newest, at most 100. */
    @GET
    @Path("/bulk")
    @RolesAllowed({"eraser", "auditor", "operator"})
    public String list() {
        JsonArrayBuilder array = Json.createArrayBuilder();
        ledger.newest().forEach(row -> array.add(BulkErasureJson.json(row)));
        return Json.createObjectBuilder().add("erasures", array).build().toString();
    }

    /** One of them and how far it is. */
    @GET
    @Path(ONE)
    @RolesAllowed({"eraser", "auditor", "operator"})
    public String get(@PathParam("bulk") UUID bulk) {
        return BulkErasureJson.json(ledger.get(bulk)).build().toString();
    }

    /** A page of its receipts. */
    @GET
    @Path(ONE + "/receipts")
    @RolesAllowed({"eraser", "auditor"})
    public String receipts(@PathParam("bulk") UUID bulk, @QueryParam("cursor") @Nullable String cursor) {
        return page(
                "receipts",
                ledger.receipts(bulk, after(cursor)),
                receipt -> Json.createObjectBuilder().add("id", receipt.toString()),
                receipt -> receipt);
    }

    /** A page of the subjects that it left, and why. */
    @GET
    @Path(ONE + "/left")
    @RolesAllowed({"eraser", "auditor"})
    public String left(@PathParam("bulk") UUID bulk, @QueryParam("cursor") @Nullable String cursor) {
        return page(
                "left",
                ledger.left(bulk, after(cursor)),
                left -> Json.createObjectBuilder()
                        .add("subject", left.subject().toString())
                        .add("outcome", left.outcome()),
                BulkErasures.Left::subject);
    }

    private static UUID after(@Nullable String cursor) {
        return cursor == null ? NIL : Api.uuid("cursor", cursor);
    }

    private static <T> String page(
            String name, List<T> rows, Function<T, JsonObjectBuilder> json, Function<T, UUID> id) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(json.apply(row)));
        JsonObjectBuilder page = Json.createObjectBuilder().add(name, array);
        if (rows.size() == BulkErasureLedger.PAGE) {
            page.add("next", id.apply(rows.get(rows.size() - 1)).toString());
        }
        return page.build().toString();
    }

    /** Stops it at the end of the chunk that is under way. */
    @POST
    @Path(ONE + ":pause")
    @RolesAllowed({"eraser", "operator"})
    public String pause(@PathParam("bulk") UUID bulk) {
        return BulkErasureJson.json(ledger.pause(bulk)).build().toString();
    }

    /** Goes on. */
    @POST
    @Path(ONE + ":resume")
    @RolesAllowed({"eraser", "operator"})
    public String resume(@PathParam("bulk") UUID bulk) {
        return BulkErasureJson.json(ledger.resume(bulk)).build().toString();
    }

    /** Changes the rate, in subjects per second. */
    @PATCH
    @Path(ONE)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed({"eraser", "operator"})
    public String changeRate(@PathParam("bulk") UUID bulk, InputStream body) throws IOException {
        Integer rate = RateJson.read(new BoundedInput(body, BODY_BYTES).readAllBytes());
        return BulkErasureJson.json(ledger.changeRate(bulk, rate)).build().toString();
    }

    /** Gives it up; what is erased stays erased. */
    @POST
    @Path(ONE + ":cancel")
    @RolesAllowed("eraser")
    public String cancel(@PathParam("bulk") UUID bulk) {
        return BulkErasureJson.json(ledger.cancel(bulk)).build().toString();
    }
}
