package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Rotations;
import org.templatevault.rotation.RotationLedger;
import org.templatevault.rotation.RotationReport;
import org.templatevault.rotation.RotationReports;
import org.templatevault.rotation.RotationRequest;
import org.templatevault.vault.InvalidTemplateException;

/** Rotations: ask for one, watch it, steer it. */
@Path("/rotations")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class RotationResource {
    private static final String ONE = "/{rotation:" + Api.UUID_PATTERN + "}";
    private static final int BODY_BYTES = 4 << 10;

    @Inject
    RotationLedger ledger;

    @Inject
    RotationReports reports;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Makes the next KEK version and moves every subject to it. */
    @POST
    @Consumes({MediaType.APPLICATION_JSON, MediaType.WILDCARD})
    @RolesAllowed("key-custodian")
    public Response request(@HeaderParam("Idempotency-Key") @Nullable String idempotencyKey, InputStream body)
            throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = bytes.length == 0 ? JsonObject.EMPTY_JSON_OBJECT : TemplateJson.parse(bytes);
        requireOnly(json, Set.of("mode", "reason", "suite", "version", "rate"));
        RotationRequest request = new RotationRequest(
                Optional.ofNullable(TemplateJson.text(json, "mode", "mode")).orElse("reencrypt"),
                Optional.ofNullable(TemplateJson.text(json, "reason", "reason")).orElse("manual"),
                TemplateJson.text(json, "suite", "suite"),
                TemplateJson.integer(json, "version"),
                TemplateJson.integer(json, "rate"));
        RotationReport report =
                ledger.request(request, caller.name(), conditions.requestKey(idempotencyKey, "POST /rotations", bytes));
        return Response.accepted(json(report).build().toString())
                .location(URI.create("rotations/" + report.row().id()))
                .build();
    }

    private static void requireOnly(JsonObject json, Set<String> fields) {
        if (!fields.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "rotation",
                    "has only the fields " + fields.stream().sorted().toList());
        }
    }

    /** The newest rotations, at most 100. */
    @GET
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String list() {
        JsonArrayBuilder array = Json.createArrayBuilder();
        reports.newest().forEach(report -> array.add(json(report)));
        return Json.createObjectBuilder().add("rotations", array).build().toString();
    }

    /** One rotation and how far it is. */
    @GET
    @Path(ONE)
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String get(@PathParam("rotation") UUID rotation) {
        return json(reports.of(rotation)).build().toString();
    }

    /** Stops it at the end of the chunks that are under way. */
    @POST
    @Path(ONE + ":pause")
    @RolesAllowed({"key-custodian", "operator"})
    public String pause(@PathParam("rotation") UUID rotation) {
        return json(ledger.pause(rotation)).build().toString();
    }

    /** Goes on. */
    @POST
    @Path(ONE + ":resume")
    @RolesAllowed({"key-custodian", "operator"})
    public String resume(@PathParam("rotation") UUID rotation) {
        return json(ledger.resume(rotation)).build().toString();
    }

    /** Gives it up; both versions stay usable. */
    @POST
    @Path(ONE + ":cancel")
    @RolesAllowed("key-custodian")
    public String cancel(@PathParam("rotation") UUID rotation) {
        return json(ledger.cancel(rotation)).build().toString();
    }

    /** Changes the rate, in subjects per second. */
    @PATCH
    @Path(ONE)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed({"key-custodian", "operator"})
    public String changeRate(@PathParam("rotation") UUID rotation, InputStream body) throws IOException {
        Integer rate = RateJson.read(new BoundedInput(body, BODY_BYTES).readAllBytes());
        return json(ledger.changeRate(rotation, rate)).build().toString();
    }

    private static JsonObjectBuilder json(RotationReport report) {
        Rotations.Row row = report.row();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("state", row.state())
                .add("mode", row.mode())
                .add("reason", row.reason())
                .add("suite", row.dataSuite())
                .add("requestedBy", row.requestedBy())
                .add("fromVersion", row.fromVersion())
                .add("toVersion", row.toVersion())
                .add("total", row.total())
                .add("done", report.progress().done())
                .add("remaining", report.progress().remaining())
                .add("quarantined", report.progress().quarantined())
                .add("erased", report.progress().erased())
                .add("rowsPerSecond", Math.round(report.subjectsPerSecond() * 10) / 10.0);
        if (row.compromisedVersion() != null) {
            json.add("compromisedVersion", row.compromisedVersion());
        }
        if (row.backingOff() != null) {
            json.add("backingOff", row.backingOff());
        }
        if (!report.waitingFor().isEmpty()) {
            json.add("waitingFor", Json.createArrayBuilder(report.waitingFor()));
        }
        if (!report.partitions().isEmpty()) {
            json.add("partitions", report.partitions().size());
            json.add("partitionsPassed", Json.createArrayBuilder(report.partitions()));
        }
        Copies.Reach reach = report.reach();
        if (reach != null) {
            json.add(
                    "restorableSince",
                    Json.createObjectBuilder()
                            .add("now", takenAt(reach.now()))
                            .add("after", takenAt(reach.after()))
                            .add("copiesLost", reach.lost()));
        }
        if (row.rate() != null) {
            json.add("rate", row.rate());
        }
        add(json, "requestedAt", row.requestedAt());
        add(json, "startedAt", row.startedAt());
        add(json, "estimatedEnd", report.estimatedEnd());
        add(json, "endedAt", row.endedAt());
        return json;
    }

    private static JsonValue takenAt(@Nullable Instant instant) {
        return instant == null ? JsonValue.NULL : Json.createValue(instant.toString());
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant instant) {
        if (instant == null) {
            json.addNull(name);
        } else {
            json.add(name, instant.truncatedTo(ChronoUnit.MILLIS).toString());
        }
    }
}
