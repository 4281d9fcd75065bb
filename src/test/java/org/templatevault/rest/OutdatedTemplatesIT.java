package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.VaultClient.Stored;

/** The templates that outdated extractors made are found. */
class OutdatedTemplatesIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    @Test
    void namesTheTemplatesThatOutdatedExtractorsMade() {
        String name = "x" + UUID.randomUUID().toString().substring(0, 8);
        Stored outdated = made(name, "1.0");
        Stored replaced = made(name, "1.0");
        made(name, "2.0");
        as("enroller")
                .put(replaced.path() + OPEN + "&extractorName=" + name + "&extractorVersion=2.0")
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
        JsonObject asked = extractors(name, "0.9", "1.0");
        List<JsonObject> found =
                outdated(asked).expect(200).json().getJsonArray("templates").getValuesAs(JsonObject.class);
        assertEquals(1, found.size(), found::toString);
        assertEquals(outdated.subject().toString(), found.get(0).getString("subject"));
        assertEquals("1.0", found.get(0).getJsonObject("extractor").getString("version"));
        JsonObject after = Json.createObjectBuilder(asked)
                .add("cursor", outdated.subject() + "." + outdated.template())
                .build();
        assertEquals(
                JsonValue.EMPTY_JSON_ARRAY, outdated(after).expect(200).json().getJsonArray("templates"));
        for (String wrong : List.of(
                "{}",
                "{\"extractors\":[]}",
                "{\"extractors\":[{\"name\":\"a\"}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[]}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[1]}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[\"1\"]}],\"cursor\":\"x\"}")) {
            as("auditor").post("/templates:outdated").json(wrong).send().problem(422, "invalid-field");
        }
    }

    private static Answer outdated(JsonObject body) {
        return as("auditor").post("/templates:outdated").json(body).send();
    }

    private static JsonObject extractors(String name, String... versions) {
        return Json.createObjectBuilder()
                .add(
                        "extractors",
                        Json.createArrayBuilder()
                                .add(Json.createObjectBuilder()
                                        .add("name", name)
                                        .add("versions", Json.createArrayBuilder(List.of(versions)))))
                .build();
    }

    private static Stored made(String extractor, String version) {
        return as("enroller")
                .store(
                        UUID.randomUUID(),
                        "modality=FINGERPRINT&format=OPAQUE&extractorName=" + extractor + "&extractorVersion="
                                + version,
                        TEMPLATE);
    }
}
