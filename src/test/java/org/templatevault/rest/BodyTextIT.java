package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;

/** A body is UTF-8 and its texts are whole: two that differ never become one (RFC 8259, sections 8.1 and 8.2). */
class BodyTextIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String PLACE = "the-name-in-question";

    private final Rows rows = new Rows(SharedVault.server().home());
    private final UUID unique = UUID.randomUUID();

    /** Each character is one byte of the body. */
    private static Answer send(String role, String path, String body) {
        return as(role).post(path)
                .body("application/json", body.getBytes(StandardCharsets.ISO_8859_1))
                .send();
    }

    private static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private String reference(String text) {
        return "{\"reference\":\"" + text + unique + "\"}";
    }

    /** One with this text among its free attributes. */
    private String item(String text) {
        return TemplateDocument.with(
                        TemplateDocument.with(TemplateDocument.fingerprint(TEMPLATE), "subject", unique.toString()),
                        "attributes",
                        Json.createObjectBuilder().add("a", PLACE).build())
                .toString()
                .replace(PLACE, text);
    }

    private void foundAs(String text, int status) {
        assertEquals(
                status,
                send("reader", "/subjects:search", utf8(reference(text))).status(),
                text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "M\u00fcller", // ISO 8859-1
                "M\u00f6ller",
                "A\u00c3", // the first of two bytes
                "A\u00c0\u00af", // a slash in two bytes
                "A\u00ed\u00a0\u00bd", // half a surrogate pair
                "A\u00ed\u00a0\u00bd\u00ed\u00b8\u0080", // a surrogate pair in six bytes
                "A\u00f5\u0080\u0080\u0080", // past the last character
                "Ann\\ud83d",
                "Ann\\ud83e",
                "Ann\\ude00",
                "\\ud83dAnn",
                "\\ud83d\\ud83d\\ude00",
                "\\ude00\\ud83d"
            })
    void refusesATextThatIsNone(String text) {
        send("enroller", "/subjects", reference(text)).problem(400, "malformed-json");
        send("reader", "/subjects:search", reference(text)).problem(400, "malformed-json");
        foundAs("M\ufffdller", 404);
        foundAs("Ann?", 404);
        send("enroller", "/templates:batchStore", "{\"items\":[" + item("right") + "," + item(text) + "]}")
                .problem(400, "malformed-json");
        assertEquals(0, rows.number("select count(*) from vault.subject_key where subject_id = ?", unique));
    }

    @Test
    void refusesANameOrANestedTextThatIsNone() {
        for (String attributes : new String[] {
            "{\"a\\ud83d\":1}", "{\"a\":[1,{\"b\":\"\\ud83d\"}]}", "{\"a\":{\"\\ude00\":null}}", "{\"\u00fc\":1}"
        }) {
            String template = TemplateDocument.fingerprint(TEMPLATE).toString();
            send(
                            "enroller",
                            "/subjects/" + unique + "/templates",
                            template.replaceFirst("\\{", "{\"attributes\":" + attributes.replace("\\", "\\\\") + ","))
                    .problem(400, "malformed-json");
        }
        assertEquals(0, rows.number("select count(*) from vault.subject_key where subject_id = ?", unique));
    }

    @Test
    void takesAWholePairHoweverItIsWritten() {
        String subject = send("enroller", "/subjects", reference("Ann\\ud83d\\ude00"))
                .expect(201)
                .json()
                .getString("id");
        for (String same : new String[] {utf8("Ann\ud83d\ude00"), "\\u0041nn\\uD83D\\uDE00"}) {
            assertEquals(
                    subject,
                    send("enroller", "/subjects", reference(same))
                            .expect(200)
                            .json()
                            .getString("id"));
        }
        List<JsonObject> stored = send(
                        "enroller",
                        "/templates:batchStore",
                        "{\"items\":[" + item("\\ud83d\\ude00") + "," + item(utf8("\ud83d\ude00")) + "]}")
                .expect(200)
                .json()
                .getJsonArray("results")
                .getValuesAs(JsonObject.class);
        assertEquals(2, stored.size());
        for (JsonObject one : stored) {
            JsonObject read = as("reader")
                    .get("/subjects/" + unique + "/templates/" + one.getString("template") + "/content")
                    .header("X-Purpose", "verification")
                    .header("Accept", "application/json")
                    .send()
                    .expect(200)
                    .json();
            assertEquals("\ud83d\ude00", read.getJsonObject("attributes").getString("a"));
        }
    }

    @Test
    void passesOverAByteOrderMark() {
        String mark = utf8("\ufeff");
        send("enroller", "/subjects", mark + reference("A")).expect(201);
        send("enroller", "/templates:batchStore", mark + "{\"items\":[" + item("right") + "]}")
                .expect(200);
        assertEquals(1, rows.number("select count(*) from vault.template where subject_id = ?", unique));
    }

    @Test
    void refusesASignInThatIsNotUtf8() {
        SharedVault.server()
                .client()
                .callOutside("POST", "/console/session")
                .body(
                        "application/json",
                        "{\"user\":\"op\u00e9rator\",\"password\":\"x\"}".getBytes(StandardCharsets.ISO_8859_1))
                .send()
                .problem(400, "malformed-json");
    }
}
