package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;

class EnrolmentIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private static String templates(UUID subject) {
        return "/subjects/" + subject + "/templates";
    }

    private static Stored stored(UUID subject, Answer answer) {
        return new Stored(subject, UUID.fromString(answer.expect(201).json().getString("template")));
    }

    @Test
    void answersAStoreWithPlaceAndVersionAndNeverWithTheData() {
        UUID subject = UUID.randomUUID();
        Answer answer = as("enroller")
                .post(templates(subject))
                .json(TemplateDocument.fingerprint(TEMPLATE))
                .send()
                .expect(201);
        JsonObject body = answer.json();
        assertEquals(subject.toString(), body.getString("subject"));
        assertEquals(
                "/api/v1/subjects/" + subject + "/templates/" + body.getString("template"),
                answer.header("Location").replaceFirst("^https://[^/]+", ""));
        assertEquals("\"1\"", answer.header("ETag"));
        assertEquals(1, body.getInt("version"));
        assertEquals("CHACHA20_POLY1305", body.getString("suite"));
        assertEquals("RIGHT_INDEX", body.getString("position"));
        assertEquals("1.2", body.getJsonObject("extractor").getString("version"));
        assertTrue(body.getInt("keyVersion") >= 1);
        assertFalse(body.containsKey("data"));
        assertFalse(answer.text().contains(Base64.getEncoder().encodeToString(TEMPLATE)));
        assertEquals("no-store", answer.header("Cache-Control"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 511, 512, 513, 4096, 100_000, 262_143, 262_144})
    void givesBackTheExactBytesOfEveryLength(int length) {
        byte[] template = TemplateDocument.noise(length, length);
        Stored stored = as("enroller").store(UUID.randomUUID(), "modality=FACE&format=FLOAT32_VECTOR", template);
        Answer answer = as("reader").read(stored).expect(200);
        assertArrayEquals(template, answer.bytes());
        assertEquals("application/octet-stream", answer.header("Content-Type"));
        assertEquals("no-store", answer.header("Cache-Control"));
        assertEquals("\"1\"", answer.header("ETag"));
    }

    @Test
    void givesBackAsJsonWhatCameAsJsonWithItsAttributes() {
        UUID subject = UUID.randomUUID();
        JsonObject attributes = Json.createObjectBuilder()
                .add("station", "Berlin 7 – Süd")
                .add("attempts", 3)
                .add("device", Json.createObjectBuilder().add("serial", "A-1"))
                .build();
        JsonObject document = TemplateDocument.with(TemplateDocument.fingerprint(TEMPLATE), "attributes", attributes);
        Stored stored = stored(
                subject, as("enroller").post(templates(subject)).json(document).send());
        JsonObject read = as("reader")
                .get(stored.path() + "/content")
                .header("Accept", "application/json")
                .header("X-Purpose", "identification")
                .send()
                .expect(200)
                .json();
        assertEquals(attributes, read.getJsonObject("attributes"));
        assertEquals(document.getString("data"), read.getString("data"));
        assertEquals("FINGERPRINT", read.getString("modality"));
        assertArrayEquals(TEMPLATE, as("reader").read(stored).expect(200).bytes());
    }

    @Test
    void showsFreeAttributesOnlyWithTheContent() {
        UUID subject = UUID.randomUUID();
        JsonObject document = TemplateDocument.with(
                TemplateDocument.fingerprint(TEMPLATE),
                "attributes",
                Json.createObjectBuilder().add("station", "attribute-canary").build());
        Stored stored = stored(
                subject, as("enroller").post(templates(subject)).json(document).send());
        for (String path : new String[] {stored.path(), stored.path() + "/versions", templates(subject)}) {
            Answer answer = as("reader").get(path).send().expect(200);
            assertFalse(answer.text().contains("attribute-canary"), path);
        }
    }

    @Test
    void keepsTheAttributesOutOfTheDatabase() throws Exception {
        UUID subject = UUID.randomUUID();
        JsonObject document = TemplateDocument.with(
                TemplateDocument.fingerprint("plain-template-canary".getBytes(StandardCharsets.US_ASCII)),
                "attributes",
                Json.createObjectBuilder().add("station", "attribute-canary").build());
        stored(subject, as("enroller").post(templates(subject)).json(document).send());
        try (var connection = SharedVault.server().home().superuser().getConnection();
                var statement = connection.prepareStatement(
                        "select count(*) from vault.template where subject_id = ? and (template::text like '%canary%'"
                                + " or position('canary'::bytea in envelope) > 0)")) {
            statement.setObject(1, subject);
            try (var rows = statement.executeQuery()) {
                rows.next();
                assertEquals(0, rows.getInt(1));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "FINGERPRINT,UNKNOWN,ISO_19794_2_2011",
        "FINGERPRINT,LEFT_LITTLE,ANSI_378_2004",
        "IRIS,LEFT,ISO_19794_6",
        "PALM,RIGHT,OPAQUE",
        "VEIN,LEFT_RING,OPAQUE",
        "FACE,,FLOAT32_VECTOR",
        "VOICE,,FLOAT32_VECTOR",
        "OTHER,,OPAQUE"
    })
    void takesEveryModality(String modality, String position, String format) {
        String query = "modality=" + modality + "&format=" + format + (position == null ? "" : "&position=" + position);
        Stored stored = as("enroller").store(UUID.randomUUID(), query, TEMPLATE);
        JsonObject metadata = as("reader").get(stored.path()).send().expect(200).json();
        assertEquals(modality, metadata.getString("modality"));
        assertEquals(format, metadata.getString("format"));
        assertEquals(position, metadata.getString("position", null));
    }

    @Test
    void takesAllOpenAttributesAsParametersBesideBareBytes() {
        Stored stored = as("enroller")
                .store(
                        UUID.randomUUID(),
                        "modality=IRIS&position=LEFT&format=ISO_19794_6&quality=0&extractorName=Iris+Engine"
                                + "&extractorVersion=2.0%2B1",
                        TEMPLATE);
        JsonObject metadata = as("reader").get(stored.path()).send().expect(200).json();
        assertEquals(0, metadata.getInt("quality"));
        assertEquals("Iris Engine", metadata.getJsonObject("extractor").getString("name"));
        assertEquals("2.0+1", metadata.getJsonObject("extractor").getString("version"));
        assertEquals("enroller", metadata.getString("createdBy"));
    }

    @Test
    void listsTheNewestOfEachTemplateAndFiltersByModality() {
        UUID subject = UUID.randomUUID();
        Stored finger = as("enroller").store(subject, TEMPLATE);
        Stored face = as("enroller").store(subject, "modality=FACE&format=OPAQUE", TEMPLATE);
        as("enroller")
                .put(face.path() + "?modality=FACE&format=OPAQUE")
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
        var all = as("reader").get(templates(subject)).send().expect(200).json().getJsonArray("templates");
        assertEquals(2, all.size());
        var faces = as("reader")
                .get(templates(subject) + "?modality=FACE")
                .send()
                .expect(200)
                .json()
                .getJsonArray("templates");
        assertEquals(1, faces.size());
        assertEquals(face.template().toString(), faces.getJsonObject(0).getString("template"));
        assertEquals(2, faces.getJsonObject(0).getInt("version"));
        assertEquals(
                0,
                as("reader")
                        .get(templates(subject) + "?modality=VOICE")
                        .send()
                        .expect(200)
                        .json()
                        .getJsonArray("templates")
                        .size());
        assertTrue(finger.template().compareTo(face.template()) != 0);
    }

    @Test
    void describesASubjectByItsRevision() {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, TEMPLATE);
        assertEquals(
                "\"1\"",
                as("reader").get("/subjects/" + subject).send().expect(200).header("ETag"));
        as("enroller").store(subject, TEMPLATE);
        Answer answer = as("auditor").get("/subjects/" + subject).send().expect(200);
        assertEquals("\"2\"", answer.header("ETag"));
        assertEquals(2, answer.json().getInt("revision"));
        assertEquals(subject.toString(), answer.json().getString("id"));
        assertTrue(answer.json().getInt("storedBytes") >= 1024);
    }

    @Test
    void makesASubjectWithoutAReferenceEachTimeAnew() {
        Answer first = as("enroller").post("/subjects").send().expect(201);
        Answer second = as("enroller").post("/subjects").json("{}").send().expect(201);
        String id = first.json().getString("id");
        assertFalse(id.equals(second.json().getString("id")));
        assertEquals(7, UUID.fromString(id).version());
        assertTrue(first.header("Location").endsWith("/api/v1/subjects/" + id));
        assertEquals(
                0,
                as("reader")
                        .get("/subjects/" + id + "/templates")
                        .send()
                        .expect(200)
                        .json()
                        .getJsonArray("templates")
                        .size());
    }

    @Test
    void storesAllRecordsOfOneToSeventyFiveMinutiaeWithOneLength() throws Exception {
        UUID subject = UUID.randomUUID();
        for (int minutiae : new int[] {1, 20, 40, 60, 75}) {
            as("enroller").store(subject, IsoTemplates.fingerprint(minutiae, minutiae));
        }
        try (var connection = SharedVault.server().home().superuser().getConnection();
                var statement = connection.prepareStatement("select count(distinct octet_length(envelope)), count(*)"
                        + " from vault.template where subject_id = ?")) {
            statement.setObject(1, subject);
            try (var rows = statement.executeQuery()) {
                rows.next();
                assertEquals(1, rows.getInt(1));
                assertEquals(5, rows.getInt(2));
            }
        }
    }
}
