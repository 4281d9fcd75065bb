package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.retention.BulkErasureRequest;
import org.templatevault.vault.InvalidTemplateException;

/** The JSON shapes of a bulk erasure, in and out. */
final class BulkErasureJson {
    /** What was asked for, and whether only to count. */
    record Asked(BulkErasureRequest request, boolean dryRun) {}

    private BulkErasureJson() {}

    static Asked read(JsonObject json) {
        requireOnly(json, Set.of("subjects", "query", "atMost", "rate", "dryRun"));
        boolean dryRun = TemplateJson.flag(json, "dryRun");
        JsonValue query = json.getOrDefault("query", JsonValue.NULL);
        if (query == JsonValue.NULL) {
            return new Asked(
                    new BulkErasureRequest(
                            subjects(json),
                            null,
                            null,
                            false,
                            TemplateJson.integer(json, "atMost"),
                            TemplateJson.integer(json, "rate")),
                    dryRun);
        }
        if (!(query instanceof JsonObject object)) {
            throw InvalidTemplateException.field("query", "an object");
        }
        requireOnly(object, Set.of("modality", "olderThan", "retentionDue"));
        return new Asked(
                new BulkErasureRequest(
                        subjects(json),
                        TemplateJson.text(object, "modality", "query.modality"),
                        RetentionPolicyJson.period(object, "olderThan"),
                        TemplateJson.flag(object, "retentionDue"),
                        TemplateJson.integer(json, "atMost"),
                        TemplateJson.integer(json, "rate")),
                dryRun);
    }

    private static void requireOnly(JsonObject json, Set<String> fields) {
        if (!fields.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "erasure", "has only the fields " + fields.stream().sorted().toList());
        }
    }

    private static @Nullable List<UUID> subjects(JsonObject json) {
        JsonValue value = json.getOrDefault("subjects", JsonValue.NULL);
        if (value == JsonValue.NULL) {
            return null;
        }
        if (!(value instanceof JsonArray array)) {
            throw InvalidTemplateException.field("subjects", "an array of ids");
        }
        List<UUID> subjects = new ArrayList<>();
        for (JsonValue id : array) {
            subjects.add(Api.uuid("subjects", id instanceof JsonString text ? text.getString() : null));
        }
        return subjects;
    }

    static JsonObjectBuilder counts(BulkErasures.Counts counts) {
        return Json.createObjectBuilder()
                .add("total", counts.total())
                .add("held", counts.held())
                .add("absent", counts.absent());
    }

    static JsonObjectBuilder json(BulkErasures.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("state", row.state())
                .add("kind", row.kind());
        if (row.modality() != null) {
            json.add("modality", row.modality());
        }
        if (row.olderThan() != null) {
            json.add("olderThan", row.olderThan());
        }
        if (row.dueBy() != null) {
            json.add("dueBy", row.dueBy().toString());
        }
        json.add("reason", row.reason())
                .add("requestedBy", row.requestedBy())
                .addAll(counts(row.counts()))
                .add("erased", row.erased())
                .add("kept", row.kept())
                .add("failed", row.failed())
                .add("remaining", row.remaining())
                .add("requestedAt", row.requestedAt().toString());
        if (row.rate() != null) {
            json.add("rate", row.rate());
        }
        if (row.backingOff() != null) {
            json.add("backingOff", row.backingOff());
        }
        add(json, "startedAt", row.startedAt());
        add(json, "endedAt", row.endedAt());
        return json;
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant at) {
        if (at != null) {
            json.add(name, at.toString());
        }
    }
}
