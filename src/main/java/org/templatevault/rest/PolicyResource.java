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
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.PolicyLedger;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.vault.InvalidTemplateException;

/** What two people decide once for every epoch. */
@Path("/standing-policies")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class PolicyResource {
    private static final int BODY_BYTES = 4 << 10;
    private static final Set<String> FIELDS =
            Set.of("interval", "wait", "quarantine", "withoutNewerBackup", "rate", "expiresAt");
    private static final UUID NONE_YET = new UUID(0, 0);

    @Inject
    PolicyLedger ledger;

    @Inject
    Caller caller;

    /** The policies, the newest first, with their approvals. */
    @GET
    @RolesAllowed({"key-custodian", "approver", "auditor", "operator"})
    public String list() {
        JsonArrayBuilder array = Json.createArrayBuilder();
        ledger.newest().forEach(report -> array.add(json(report)));
        return Json.createObjectBuilder().add("policies", array).build().toString();
    }

    /** Asks for a policy; somebody else has to approve it. */
    @POST
    @Consumes({MediaType.APPLICATION_JSON, MediaType.WILDCARD})
    @RolesAllowed("key-custodian")
    public Response request(InputStream body) throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = bytes.length == 0 ? JsonObject.EMPTY_JSON_OBJECT : TemplateJson.parse(bytes);
        if (!FIELDS.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "policy", "has only interval, wait, quarantine, withoutNewerBackup, rate and expiresAt");
        }
        PolicyLedger.Report report = ledger.request(
                new StandingPolicies.Row(
                        NONE_YET,
                        duration(json, "interval", "P21D"),
                        duration(json, "wait", "P1D"),
                        duration(json, "quarantine", "P7D"),
                        TemplateJson.flag(json, "withoutNewerBackup"),
                        TemplateJson.integer(json, "rate"),
                        expiresAt(TemplateJson.text(json, "expiresAt", "expiresAt"))),
                caller.name());
        return Response.accepted(json(report).build().toString())
                .location(URI.create("approvals/" + report.approval().id()))
                .build();
    }

    private static Duration duration(JsonObject json, String field, String byDefault) {
        String text = TemplateJson.text(json, field, field);
        try {
            return Duration.parse(text == null ? byDefault : text).truncatedTo(ChronoUnit.MILLIS);
        } catch (DateTimeParseException notADuration) {
            throw InvalidTemplateException.field(field, "an ISO 8601 duration such as P21D");
        }
    }

    private static Instant expiresAt(@Nullable String text) {
        if (text == null) {
            return Instant.now()
                    .atOffset(ZoneOffset.UTC)
                    .plusMonths(12)
                    .toInstant()
                    .minusSeconds(1)
                    .truncatedTo(ChronoUnit.SECONDS);
        }
        try {
            return Instant.parse(text).truncatedTo(ChronoUnit.MICROS);
        } catch (DateTimeParseException notATime) {
            throw InvalidTemplateException.field("expiresAt", "a time such as 2026-03-01T02:00:00Z");
        }
    }

    private static JsonObjectBuilder json(PolicyLedger.Report report) {
        StandingPolicies.Row row = report.policy();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("interval", row.interval().toString())
                .add("wait", row.delay().toString())
                .add("quarantine", row.quarantine().toString())
                .add("withoutNewerBackup", row.withoutNewerBackup())
                .add("expiresAt", row.expiresAt().toString())
                .add("inEffect", report.inEffect())
                .add("approval", ApprovalResource.json(report.approval()));
        if (row.rate() != null) {
            json.add("rate", row.rate());
        }
        return json;
    }
}
