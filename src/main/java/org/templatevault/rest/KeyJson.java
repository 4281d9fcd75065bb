package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.DestructionLedger;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.KeyUsage;

/** The JSON shapes about the use and the end of key versions. */
final class KeyJson {
    private KeyJson() {}

    static JsonObject usage(int version, DestructionLedger.Use use) {
        KeyUsage.Usage usage = use.usage();
        JsonArrayBuilder copies = Json.createArrayBuilder();
        use.copies().listed().forEach(copy -> copies.add(CopyResource.json(copy)));
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("version", version)
                .add("at", usage.at().toString())
                .add(
                        "references",
                        Json.createObjectBuilder()
                                .add("subject_key", usage.subjectKeys())
                                .add("service_key", usage.serviceKeys()))
                .add("quarantined", usage.quarantined())
                .add("used", usage.isUsed());
        add(json, "oldestTransaction", usage.oldestTransaction());
        add(json, "lastWrapAt", usage.lastWrapAt());
        add(json, "lastLeftAt", usage.lastLeftAt());
        return json.add("uselessAfterDestruction", copies)
                .add("uselessInAll", use.copies().all())
                .build();
    }

    static JsonObjectBuilder destruction(DestructionLedger.Report report) {
        Destructions.Row row = report.row();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("version", row.version())
                .add("state", row.state())
                .add("requestedBy", row.requestedBy())
                .add("requestedAt", row.requestedAt().toString())
                .add("waitingFor", Json.createArrayBuilder(report.waitingFor()))
                .add("subjectsOpened", row.subjects())
                .add("templatesOpened", row.templates())
                .add("refused", row.refused())
                .add("approval", ApprovalResource.json(report.approval()));
        if (row.failure() != null) {
            json.add("failure", row.failure());
        }
        add(json, "passedAt", row.passedAt());
        add(json, "endedAt", row.endedAt());
        return json;
    }

    /** {@code signed} is the exact bytes that the signature is over, in base64; {@code certificate} the same, to read. */
    static JsonObject certificate(Destructions.Certificate certificate) {
        byte[] body = certificate.body().toArray();
        return Json.createObjectBuilder()
                .add("certificate", TemplateJson.parse(body))
                .add("signed", Base64.getEncoder().encodeToString(body))
                .add(
                        "signature",
                        Base64.getEncoder()
                                .encodeToString(certificate.signature().toArray()))
                .add("algorithm", "Ed25519")
                .add("keyNumber", certificate.keyNumber())
                .add("publicKey", pem(certificate.publicKey().toArray()))
                .build();
    }

    static String pem(byte[] subjectPublicKeyInfo) {
        byte[] newline = "\n".getBytes(StandardCharsets.US_ASCII);
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, newline).encodeToString(subjectPublicKeyInfo)
                + "\n-----END PUBLIC KEY-----\n";
    }

    static JsonObject exposed(String name, List<KeyUsage.Exposed> rows) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        rows.forEach(row -> array.add(Json.createObjectBuilder()
                .add("id", row.id().toString())
                .add("firstVersion", row.firstVersion())
                .add("lastVersion", row.lastVersion())));
        JsonObjectBuilder page = Json.createObjectBuilder().add(name, array);
        if (rows.size() == DestructionLedger.PAGE) {
            page.add("next", rows.get(rows.size() - 1).id().toString());
        }
        return page.build();
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant instant) {
        if (instant != null) {
            json.add(name, instant.toString());
        }
    }
}
