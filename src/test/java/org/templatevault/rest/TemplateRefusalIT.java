package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.rest.Refused.CANARY;
import static org.templatevault.rest.Refused.namesField;
import static org.templatevault.rest.Refused.silent;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Policies;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;

class TemplateRefusalIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final int MOST = 256 << 10;
    private static final String OPEN = "modality=FINGERPRINT&format=OPAQUE";

    private final UUID subject = UUID.randomUUID();
    private final String path = "/subjects/" + subject + "/templates";

    private Answer sendJson(String json) {
        return silent(as("enroller").post(path).json(json).send());
    }

    private Answer sendWith(String field, JsonValue value) {
        return sendJson(TemplateDocument.with(TemplateDocument.fingerprint(TEMPLATE), field, value)
                .toString());
    }

    private void storedNothing() {
        as("reader").get("/subjects/" + subject).send().problem(404, "subject-not-found");
    }

    @Test
    void refusesBytesOverTheLimitThatSayTheirLength() {
        as("enroller")
                .post(path + "?" + OPEN)
                .octets(TemplateDocument.noise(MOST + 1, 1))
                .send()
                .problem(413);
        storedNothing();
    }

    @Test
    void refusesBytesOverTheLimitThatDoNotSayTheirLength() {
        as("enroller")
                .post(path + "?" + OPEN)
                .chunked("application/octet-stream", TemplateDocument.noise(MOST + 1, 1))
                .send()
                .problem(413);
        storedNothing();
    }

    @Test
    void takesChunkedBytesOfExactlyTheLimit() {
        as("enroller")
                .post(path + "?" + OPEN)
                .chunked("application/octet-stream", TemplateDocument.noise(MOST, 1))
                .send()
                .expect(201);
    }

    @Test
    void refusesAMuchTooLargeBody() {
        as("enroller").post(path + "?" + OPEN).octets(new byte[3 << 20]).send().problem(413);
        as("enroller")
                .post(path)
                .chunked("application/json", new byte[3 << 20])
                .send()
                .problem(413);
        storedNothing();
    }

    @Test
    void refusesJsonWithATemplateOneByteTooLarge() {
        Answer answer = as("enroller")
                .post(path)
                .json(TemplateDocument.fingerprint(TemplateDocument.noise(MOST + 1, 1)))
                .send();
        answer.problem(413, "template-too-large");
        storedNothing();
    }

    @Test
    void takesJsonWithATemplateOfExactlyTheLimit() {
        as("enroller")
                .post(path)
                .json(TemplateDocument.fingerprint(TemplateDocument.noise(MOST, 1)))
                .send()
                .expect(201);
    }

    @Test
    void refusesAttributesOverFourKibibytes() {
        JsonObject attributes =
                Json.createObjectBuilder().add("a", "x".repeat(4096)).build();
        Answer answer = sendWith("attributes", attributes);
        assertTrue(answer.status() == 413 || answer.status() == 422, answer::toString);
        assertEquals(
                "attributes",
                answer.problem(answer.status())
                        .getJsonArray("errors")
                        .getJsonObject(0)
                        .getString("field"));
        storedNothing();
    }

    @Test
    void takesAttributesOfExactlyFourKibibytes() {
        JsonObject attributes = Json.createObjectBuilder()
                .add("a", "x".repeat(4096 - "{\"a\":\"\"}".length()))
                .build();
        sendWith("attributes", attributes).expect(201);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"})
    void refusesAnotherMediaType(String mediaType) {
        silent(as("enroller").post(path).body(mediaType, TEMPLATE).send()).problem(415, "unsupported-media-type");
        storedNothing();
    }

    @Test
    void refusesACompressedBody() {
        Answer answer = as("enroller")
                .post(path)
                .header("Content-Encoding", "gzip")
                .body("application/json", new byte[] {0x1f, (byte) 0x8b, 8, 0})
                .send();
        assertTrue(answer.status() == 400 || answer.status() == 415, answer::toString);
        answer.problem(answer.status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[]",
                "null",
                "\"c4n4ry\"",
                "{\"c4n4ry\"}",
                "{\"modality\":\"c4n4ry\"",
                "{\"modality\":c4n4ry}",
                "{} c4n4ry",
                "{\"modality\":\"FINGERPRINT\",}",
                "\u0000",
                "<c4n4ry/>"
            })
    void refusesWhatIsNotAJsonObject(String body) {
        sendJson(body).problem(400, "malformed-json");
        storedNothing();
    }

    @Test
    void refusesDeepNestingWithoutFallingOver() {
        Answer answer = sendJson("{\"attributes\":" + "[".repeat(20_000) + "]".repeat(20_000) + "}");
        assertTrue(answer.status() == 400 || answer.status() == 413 || answer.status() == 422, answer::toString);
        answer.problem(answer.status());
    }

    @Test
    void refusesJsonThatIsNotUtf8() {
        byte[] bytes = TemplateDocument.fingerprint(TEMPLATE).toString().getBytes(StandardCharsets.UTF_8);
        bytes[20] = (byte) 0xff;
        Answer answer =
                as("enroller").post(path).body("application/json", bytes).send();
        assertTrue(answer.status() == 400 || answer.status() == 422, answer::toString);
        answer.problem(answer.status());
        storedNothing();
    }

    @ParameterizedTest
    @ValueSource(strings = {"modality", "format", "data"})
    void namesTheRequiredFieldThatIsMissing(String field) {
        namesField(
                sendJson(TemplateDocument.without(TemplateDocument.fingerprint(TEMPLATE), field)
                        .toString()),
                field);
        storedNothing();
    }

    @ParameterizedTest
    @CsvSource({
        "modality,FINGERPRINT c4n4ry",
        "modality,fingerprint",
        "position,c4n4ry",
        "position,LEFT",
        "format,c4n4ry",
        "format,iso_19794_2_2005",
        "data,c4n4ry!",
        "data,QQ",
        "data,QR",
        "data,''",
        "data,QUJD c4n4ry="
    })
    void namesTheFieldWithAWrongTextAndNotItsValue(String field, String value) {
        namesField(sendWith(field, Json.createValue(value)), field);
        storedNothing();
    }

    @ParameterizedTest
    @ValueSource(strings = {"modality", "position", "format", "data"})
    void namesTheFieldOfAnotherType(String field) {
        namesField(sendWith(field, Json.createValue(7)), field);
        namesField(sendWith(field, Json.createArrayBuilder().add(CANARY).build()), field);
        storedNothing();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "101", "1.5", "1e99", "2147483648"})
    void refusesAQualityThatIsNoPercentage(String number) {
        namesField(sendWith("quality", Json.createValue(new java.math.BigDecimal(number))), "quality");
        storedNothing();
    }

    @Test
    void refusesAQualityThatIsText() {
        namesField(sendWith("quality", Json.createValue(CANARY)), "quality");
    }

    @Test
    void refusesAnExtractorThatIsNotWhatItShouldBe() {
        namesField(sendWith("extractor", Json.createValue(CANARY)), "extractor");
        namesField(
                sendWith(
                        "extractor",
                        Json.createObjectBuilder().add("name", CANARY + "<").build()),
                "extractor.name");
        namesField(
                sendWith(
                        "extractor",
                        Json.createObjectBuilder().add("name", "a".repeat(101)).build()),
                "extractor.name");
        namesField(
                sendWith(
                        "extractor",
                        Json.createObjectBuilder().add("version", "1").build()),
                "extractor.name");
        namesField(
                sendWith(
                        "extractor",
                        Json.createObjectBuilder()
                                .add("name", "a")
                                .add(CANARY, "b")
                                .build()),
                "extractor");
        storedNothing();
    }

    @Test
    void refusesAttributesThatAreNoObject() {
        namesField(sendWith("attributes", Json.createValue(CANARY)), "attributes");
        namesField(sendWith("attributes", Json.createArrayBuilder().add(CANARY).build()), "attributes");
        storedNothing();
    }

    @Test
    void refusesAFieldThatItDoesNotKnow() {
        assertEquals(422, sendWith(CANARY, Json.createValue("x")).status());
        storedNothing();
    }

    @ParameterizedTest
    @CsvSource({"FACE,RIGHT", "VOICE,LEFT", "OTHER,UNKNOWN", "IRIS,RIGHT_INDEX", "PALM,UNKNOWN"})
    void refusesAPositionThatTheModalityDoesNotHave(String modality, String position) {
        JsonObject document = TemplateDocument.with(TemplateDocument.fingerprint(TEMPLATE), "modality", modality);
        namesField(
                sendJson(TemplateDocument.with(document, "position", position).toString()), "position");
        storedNothing();
    }

    @ParameterizedTest
    @CsvSource({
        "format=OPAQUE,modality",
        "modality=FACE,format",
        "modality=c4n4ry&format=OPAQUE,modality",
        "modality=FACE&format=c4n4ry,format",
        "modality=FACE&format=OPAQUE&quality=c4n4ry,quality",
        "modality=FACE&format=OPAQUE&quality=101,quality",
        "modality=FACE&format=OPAQUE&quality=99999999999999999999,quality",
        "modality=FACE&format=OPAQUE&extractorVersion=1,extractor.name",
        "modality=FACE&format=OPAQUE&c4n4ry=1,query",
        "modality=FACE&format=OPAQUE&position=c4n4ry,position"
    })
    void namesTheParameterThatIsWrong(String query, String field) {
        namesField(
                silent(as("enroller").post(path + "?" + query).octets(TEMPLATE).send()), field);
        storedNothing();
    }

    @Test
    void refusesAnEmptyTemplate() {
        namesField(as("enroller").post(path + "?" + OPEN).octets(new byte[0]).send(), "data");
        storedNothing();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "c232ab00-9414-11ec-b3c8-9f6bdeced846",
                "5df41881-3aed-3515-88a7-2f4a814cf09e",
                "2ed6657d-e927-568b-95e1-2665a8aea6a2",
                "919108f7-52d1-4320-4bac-f847db4148a8"
            })
    void refusesASubjectIdThatIsNotRandomOrTimeOrdered(String id) {
        namesField(
                as("enroller")
                        .post("/subjects/" + id + "/templates?" + OPEN)
                        .octets(TEMPLATE)
                        .send(),
                "subject");
        as("reader").get("/subjects/" + id).send().problem(404);
    }

    @Test
    void keepsASubjectBelowItsLimit() {
        byte[] large = TemplateDocument.noise(MOST, 5);
        int room = (32 << 20) / (MOST + 64);
        Answer last = null;
        int taken = 0;
        for (int i = 0; i <= room + 2; i++) {
            last = as("enroller").post(path + "?" + OPEN).octets(large).send();
            if (last.status() != 201) {
                break;
            }
            taken++;
        }
        java.util.Objects.requireNonNull(last).problem(413, "subject-full");
        assertTrue(taken > 100, () -> "only some");
        long stored = as("reader")
                .get("/subjects/" + subject)
                .send()
                .json()
                .getJsonNumber("storedBytes")
                .longValue();
        assertTrue(stored <= 32 << 20);
        UUID witness = as("enroller").store(UUID.randomUUID(), TEMPLATE).subject();
        LocalDate before = LocalDate.now(ZoneOffset.UTC).minusDays(400);
        Policies.wasThere(subject, before);
        Policies.wasThere(witness, before);
        as("enroller").post(path + "?" + OPEN).octets(large).send().problem(413, "subject-full");
        as("enroller").store(witness, TEMPLATE);
        TestHome.await(
                "the days are written",
                Duration.ofSeconds(20),
                () -> Policies.lastThere(witness).isAfter(before));
        assertEquals(before, Policies.lastThere(subject), "what was refused keeps nobody longer");
        assertEquals(
                stored,
                as("reader")
                        .get("/subjects/" + subject)
                        .send()
                        .json()
                        .getJsonNumber("storedBytes")
                        .longValue());
    }
}
