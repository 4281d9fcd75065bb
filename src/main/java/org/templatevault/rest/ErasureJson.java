package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.erasure.Reapplication;
import org.templatevault.erasure.Receipts;
import org.templatevault.erasure.SealedRecord;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Reapplications;
import org.templatevault.vault.InvalidTemplateException;

/** The JSON shapes of what stays of erasures. */
final class ErasureJson {
    private static final int TAG_BYTES = 32;
    private static final int MAX_TEXT = 255;
    private static final Set<String> FIELDS = Set.of(
            "id",
            "tag",
            "keyNumber",
            "mac",
            "pseudonym",
            "reason",
            "requestedBy",
            "logicalAt",
            "keyVersion",
            "firstKeyVersion",
            "lastKeyVersion",
            "templates",
            "released");

    private ErasureJson() {}

    /** The receipt to read, {@code signed} the exact bytes that the signature is over. */
    static JsonObject receipt(Receipts.Signed receipt) {
        byte[] body = receipt.body().toArray();
        return Json.createObjectBuilder(TemplateJson.parse(body))
                .add("signed", Base64.getEncoder().encodeToString(body))
                .add(
                        "signature",
                        Base64.getEncoder().encodeToString(receipt.signature().toArray()))
                .add("algorithm", "Ed25519")
                .add("keyNumber", receipt.keyNumber())
                .add("publicKey", KeyJson.pem(receipt.publicKey().toArray()))
                .build();
    }

    /** What an erasure answers with. */
    static JsonObject record(Erasures.Row row) {
        return base(row).build();
    }

    private static JsonObjectBuilder base(Erasures.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("reason", row.reason())
                .add("requestedBy", row.requestedBy())
                .add("logicalAt", row.logicalAt().toString())
                .add("templates", row.templates())
                .add("keyVersion", row.kekVersion())
                .add("firstKeyVersion", row.firstKekVersion())
                .add("lastKeyVersion", row.lastKekVersion())
                .add("released", row.released());
        if (row.pseudonym() != null) {
            json.add("pseudonym", hex(row.pseudonym()));
        }
        return json;
    }

    private static String hex(Bytes bytes) {
        return HexFormat.of().formatHex(bytes.toArray());
    }

    static JsonObject page(List<SealedRecord> rows) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        for (SealedRecord sealed : rows) {
            Erasures.Exported exported = sealed.record();
            array.add(base(exported.row())
                    .add("tag", hex(exported.tag()))
                    .add("keyNumber", exported.keyNumber())
                    .add("mac", hex(sealed.mac())));
        }
        JsonObjectBuilder page = Json.createObjectBuilder().add("erasures", array);
        if (rows.size() == Reapplication.PAGE) {
            page.add("next", rows.get(rows.size() - 1).record().row().id().toString());
        }
        return page.build();
    }

    static JsonObject recent(List<ErasureRounds.Recent> rows, int full) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> {
            JsonObjectBuilder json = Json.createObjectBuilder()
                    .add("id", row.id().toString())
                    .add("reason", row.reason())
                    .add("requestedBy", row.requestedBy())
                    .add("templates", row.templates())
                    .add("logicalAt", row.logicalAt().toString());
            step(json, "evictedAt", row.evictedAt());
            step(json, "cryptographicAt", row.cryptographicAt());
            step(json, "physicalAt", row.physicalAt());
            array.add(json);
        });
        JsonObjectBuilder page = Json.createObjectBuilder().add("erasures", array);
        if (rows.size() == full) {
            page.add("next", rows.get(full - 1).id().toString());
        }
        return page.build();
    }

    private static void step(JsonObjectBuilder json, String name, @Nullable Instant at) {
        if (at == null) {
            json.addNull(name);
        } else {
            json.add(name, at.toString());
        }
    }

    /** The records of an exported page, exactly as that gave them. */
    static List<SealedRecord> records(JsonObject page) {
        JsonValue erasures = page.get("erasures");
        if (!Set.of("erasures", "next").containsAll(page.keySet()) || !(erasures instanceof jakarta.json.JsonArray)) {
            throw InvalidTemplateException.field("erasures", "a page that GET /erasures gave");
        }
        List<SealedRecord> records = new ArrayList<>();
        for (JsonValue value : erasures.asJsonArray()) {
            if (!(value instanceof JsonObject json) || !FIELDS.containsAll(json.keySet())) {
                throw InvalidTemplateException.field("erasures", "records with the fields that GET /erasures gave");
            }
            records.add(exported(json));
        }
        return records;
    }

    private static SealedRecord exported(JsonObject json) {
        int first = number(json, "firstKeyVersion", 1);
        int last = number(json, "lastKeyVersion", first);
        Bytes tag = requireBytes(json, "tag");
        Erasures.Row row = new Erasures.Row(
                Api.uuid("id", TemplateJson.text(json, "id", "id")),
                bytes(json, "pseudonym"),
                text(json, "reason"),
                text(json, "requestedBy"),
                time(json),
                number(json, "keyVersion", 1),
                first,
                last,
                number(json, "templates", 0),
                TemplateJson.flag(json, "released"));
        return new SealedRecord(
                new Erasures.Exported(row, tag, number(json, "keyNumber", 1)), requireBytes(json, "mac"));
    }

    private static Bytes requireBytes(JsonObject json, String field) {
        Bytes bytes = bytes(json, field);
        if (bytes == null) {
            throw InvalidTemplateException.field(field, "64 hexadecimal digits");
        }
        return bytes;
    }

    private static @Nullable Bytes bytes(JsonObject json, String field) {
        String text = TemplateJson.text(json, field, field);
        if (text == null) {
            return null;
        }
        if (!text.matches("[0-9a-f]{" + 2 * TAG_BYTES + "}")) {
            throw InvalidTemplateException.field(field, "64 hexadecimal digits");
        }
        return Bytes.of(HexFormat.of().parseHex(text));
    }

    private static String text(JsonObject json, String field) {
        String text = TemplateJson.text(json, field, field);
        if (text == null
                || text.isBlank()
                || text.length() > MAX_TEXT
                || text.chars().anyMatch(Character::isISOControl)) {
            throw InvalidTemplateException.field(field, "1 to " + MAX_TEXT + " characters, one line");
        }
        return text;
    }

    private static int number(JsonObject json, String field, int least) {
        Integer number = TemplateJson.integer(json, field);
        if (number == null || number < least) {
            throw InvalidTemplateException.field(field, "a whole number, at least " + least);
        }
        return number;
    }

    private static Instant time(JsonObject json) {
        try {
            return Instant.parse(text(json, "logicalAt")).truncatedTo(ChronoUnit.MICROS);
        } catch (DateTimeParseException notATime) {
            throw InvalidTemplateException.field("logicalAt", "a time such as 2026-03-01T02:00:00Z");
        }
    }

    static JsonObject walk(Reapplication.Status status) {
        Reapplications.Row row = status.walk();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("state", status.state())
                .add("imported", row.imported())
                .add("subjects", row.subjects())
                .add("erased", row.erased())
                .add("failed", status.failed())
                .add(
                        "refused",
                        Json.createArrayBuilder(
                                status.refused().stream().map(UUID::toString).toList()))
                .add("reason", row.reason())
                .add("requestedBy", row.requestedBy())
                .add("requestedAt", row.requestedAt().toString());
        if (row.endedAt() != null) {
            json.add("endedAt", row.endedAt().toString());
        }
        return json.build();
    }
}
