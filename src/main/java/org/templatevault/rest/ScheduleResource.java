package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.epoch.EpochSchedule;
import org.templatevault.persistence.Schedules;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.retention.RetentionSchedule;
import org.templatevault.rotation.RotationSchedule;
import org.templatevault.vault.InvalidTemplateException;

/** What the vault does by itself, and when it is next due. */
@Path("/schedules")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class ScheduleResource {
    private static final int BODY_BYTES = 4 << 10;

    @Inject
    RotationSchedule rotationSchedule;

    @Inject
    RetentionSchedule retentionSchedule;

    @Inject
    EpochSchedule epochSchedule;

    @Inject
    Caller caller;

    /** All schedules. */
    @GET
    @RolesAllowed({"operator", "key-custodian", "approver", "auditor"})
    public String list() {
        return Json.createObjectBuilder()
                .add(
                        "schedules",
                        Json.createArrayBuilder()
                                .add(json(rotationSchedule.report()))
                                .add(json(retentionSchedule.report()))
                                .add(json(epochSchedule.report())))
                .build()
                .toString();
    }

    /** Sets the schedule of rotations. */
    @PUT
    @Path("/" + RotationSchedule.NAME)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("operator")
    public String put(InputStream body) throws IOException {
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        if (!Set.of("enabled", "maxAge", "maxWraps", "mode", "rate").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("schedule", "has only enabled, maxAge, maxWraps, mode and rate");
        }
        String mode = TemplateJson.text(json, "mode", "mode");
        Integer wraps = TemplateJson.integer(json, "maxWraps");
        return json(rotationSchedule.put(new Schedules.Row(
                        RotationSchedule.NAME,
                        enabled(json),
                        duration(TemplateJson.text(json, "maxAge", "maxAge")),
                        wraps == null ? null : wraps.longValue(),
                        mode == null ? "reencrypt" : mode,
                        TemplateJson.integer(json, "rate"),
                        caller.name(),
                        Instant.now().truncatedTo(ChronoUnit.MICROS))))
                .build()
                .toString();
    }

    /** Switches the daily erasure of those whose time is over on or off. */
    @PUT
    @Path("/" + RetentionSchedule.NAME)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("operator")
    public String putRetention(InputStream body) throws IOException {
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        if (!Set.of("enabled", "rate").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("schedule", "has only enabled and rate");
        }
        Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
        Integer rate = TemplateJson.integer(json, "rate");
        Schedules.Switch row = new Schedules.Switch(RetentionSchedule.NAME, enabled(json), rate, caller.name(), now);
        return json(retentionSchedule.put(row)).build().toString();
    }

    private static JsonObjectBuilder json(RetentionSchedule.Report report) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("name", report.row().name())
                .add("enabled", report.row().enabled());
        if (report.row().rate() != null) {
            json.add("rate", report.row().rate());
        }
        if (report.row().enabled()) {
            json.add("nextDueAt", report.nextOn() + "T00:00:00Z");
        }
        return json.add("updatedBy", report.row().updatedBy())
                .add("updatedAt", report.row().updatedAt().toString());
    }

    private static boolean enabled(JsonObject json) {
        JsonValue value = json.getOrDefault("enabled", JsonValue.NULL);
        if (value != JsonValue.TRUE && value != JsonValue.FALSE) {
            throw InvalidTemplateException.field("enabled", "true or false");
        }
        return value == JsonValue.TRUE;
    }

    private static @Nullable Duration duration(@Nullable String text) {
        try {
            return text == null ? null : Duration.parse(text);
        } catch (DateTimeParseException notADuration) {
            throw InvalidTemplateException.field("maxAge", "an ISO 8601 duration such as P90D");
        }
    }

    /** The epoch is set by its standing policy, and by nothing else. */
    private static JsonObjectBuilder json(EpochSchedule.Report report) {
        StandingPolicies.Row policy = report.policy();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("name", EpochSchedule.NAME)
                .add("enabled", policy != null)
                .add("mode", "rewrap");
        if (policy != null) {
            json.add("maxAge", policy.interval().toString())
                    .add("policy", policy.approvalId().toString());
            if (policy.rate() != null) {
                json.add("rate", policy.rate());
            }
        }
        if (report.nextDueAt() != null) {
            json.add(
                    "nextDueAt",
                    report.nextDueAt().truncatedTo(ChronoUnit.MILLIS).toString());
        }
        return json;
    }

    private static JsonObjectBuilder json(RotationSchedule.Report report) {
        Schedules.Row row = report.row();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("name", row.name())
                .add("enabled", row.enabled())
                .add("mode", row.mode())
                .add("wraps", report.wraps());
        if (row.maxAge() != null) {
            json.add("maxAge", row.maxAge().toString());
        }
        if (row.maxWraps() != null) {
            json.add("maxWraps", row.maxWraps());
        }
        if (row.rate() != null) {
            json.add("rate", row.rate());
        }
        if (report.nextDueAt() != null) {
            json.add(
                    "nextDueAt",
                    report.nextDueAt().truncatedTo(ChronoUnit.MILLIS).toString());
        }
        return json.add("updatedBy", row.updatedBy())
                .add("updatedAt", row.updatedAt().toString());
    }
}
