package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Call;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;

class ReplacementIT {
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    private final Stored stored = as("enroller").store(UUID.randomUUID(), template(1));

    private static byte[] template(int version) {
        return IsoTemplates.fingerprint(30, version);
    }

    private Call put() {
        return as("enroller").put(stored.path() + OPEN);
    }

    private Answer replace(int from) {
        return put().header("If-Match", "\"" + from + "\"")
                .octets(template(from + 1))
                .send();
    }

    private byte[] version(int version) {
        return as("reader")
                .get(stored.path() + "/content?version=" + version)
                .header("X-Purpose", "verification")
                .header("Accept", "application/octet-stream")
                .send()
                .expect(200)
                .bytes();
    }

    private void isStillVersion(int version) {
        Answer answer = as("reader").read(stored).expect(200);
        assertEquals("\"" + version + "\"", answer.header("ETag"));
        assertArrayEquals(template(version), answer.bytes());
    }

    @Test
    void makesANewVersionAndKeepsTheOldOneReadable() {
        Answer answer = replace(1).expect(200);
        assertEquals("\"2\"", answer.header("ETag"));
        assertEquals(2, answer.json().getInt("version"));
        isStillVersion(2);
        assertArrayEquals(template(1), version(1));
        assertArrayEquals(template(2), version(2));
        var versions = as("reader")
                .get(stored.path() + "/versions")
                .send()
                .expect(200)
                .json()
                .getJsonArray("templates");
        assertEquals(2, versions.getJsonObject(0).getInt("version"));
        assertEquals(1, versions.getJsonObject(1).getInt("version"));
    }

    @Test
    void takesANewVersionAsJson() {
        as("enroller")
                .put(stored.path())
                .header("If-Match", "\"1\"")
                .json(TemplateDocument.fingerprint(template(2)))
                .send()
                .expect(200);
        isStillVersion(2);
    }

    @Test
    void keepsTheNewestVersionsOnlyAndNeverUsesANumberTwice() {
        for (int from = 1; from <= 11; from++) {
            assertEquals(from + 1, replace(from).expect(200).json().getInt("version"));
        }
        var versions =
                as("reader").get(stored.path() + "/versions").send().json().getJsonArray("templates");
        assertEquals(10, versions.size());
        assertEquals(12, versions.getJsonObject(0).getInt("version"));
        assertEquals(3, versions.getJsonObject(9).getInt("version"));
        as("reader")
                .get(stored.path() + "/content?version=2")
                .header("X-Purpose", "verification")
                .send()
                .problem(404, "template-not-found");
    }

    @Test
    void refusesAReplacementThatDoesNotSayWhatItReplaces() {
        put().octets(template(2)).send().problem(428, "if-match-missing");
        isStillVersion(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 2147483647})
    void refusesAReplacementOfAVersionThatIsNotThePresentOne(int version) {
        put().header("If-Match", "\"" + version + "\"")
                .octets(template(2))
                .send()
                .problem(412);
        isStillVersion(1);
    }

    @Test
    void refusesAReplacementOfAVersionThatWasReplaced() {
        replace(1).expect(200);
        replace(1).problem(412);
        isStillVersion(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "1", "W/\"1\"", "\"1\", \"2\"", "\"0\"", "\"-1\"", "\"c4n4ry\"", "\"\"", "\"01\""})
    void refusesAnIfMatchThatIsNotOneStrongTag(String ifMatch) {
        Answer answer = put().header("If-Match", ifMatch).octets(template(2)).send();
        answer.problem(400, "if-match-malformed");
        assertEquals(-1, answer.text().indexOf("c4n4ry"));
        isStillVersion(1);
    }

    @Test
    void findsNothingToReplaceUnderAnotherId() {
        as("enroller")
                .put("/subjects/" + stored.subject() + "/templates/" + UUID.randomUUID() + OPEN)
                .header("If-Match", "\"1\"")
                .octets(template(2))
                .send()
                .problem(404, "template-not-found");
        as("enroller")
                .put("/subjects/" + UUID.randomUUID() + "/templates/" + stored.template() + OPEN)
                .header("If-Match", "\"1\"")
                .octets(template(2))
                .send()
                .problem(404, "subject-not-found");
        isStillVersion(1);
    }

    @Test
    void refusesAReplacementThatIsNoTemplate() {
        put().header("If-Match", "\"1\"").octets(new byte[0]).send().problem(422, "invalid-field");
        put().header("If-Match", "\"1\"")
                .octets(new byte[(256 << 10) + 1])
                .send()
                .problem(413);
        as("enroller")
                .put(stored.path())
                .header("If-Match", "\"1\"")
                .json("{")
                .send()
                .problem(400, "malformed-json");
        isStillVersion(1);
    }

    @Test
    void letsOneOfManyReplacementsOfTheSameVersionWin() throws Exception {
        List<Callable<Integer>> tries = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            tries.add(() -> replace(1).status());
        }
        var threads = Executors.newFixedThreadPool(12);
        List<Integer> statuses = new ArrayList<>();
        for (var result : threads.invokeAll(tries)) {
            statuses.add(result.get());
        }
        threads.shutdown();
        assertEquals(1, statuses.stream().filter(status -> status == 200).count(), statuses::toString);
        assertEquals(11, statuses.stream().filter(status -> status == 412).count(), statuses::toString);
        isStillVersion(2);
    }

    @Test
    void deletesATemplateWithAllItsVersions() {
        replace(1).expect(200);
        as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"2\"")
                .header("X-Reason", "enrolment-error")
                .send()
                .expect(204);
        as("reader").read(stored).problem(404, "template-not-found");
        as("reader").get(stored.path() + "/versions").send().problem(404, "template-not-found");
        replace(2).problem(404, "template-not-found");
        assertEquals(
                0,
                as("reader")
                        .get("/subjects/" + stored.subject())
                        .send()
                        .expect(200)
                        .json()
                        .getInt("storedBytes"));
    }

    @Test
    void refusesADeletionWithoutVersionOrReason() {
        as("eraser")
                .delete(stored.path())
                .header("X-Reason", "enrolment-error")
                .send()
                .problem(428, "if-match-missing");
        as("eraser").delete(stored.path()).header("If-Match", "\"1\"").send().problem(400, "reason-missing");
        as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "whim")
                .send()
                .problem(403, "reason-not-allowed");
        as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"2\"")
                .header("X-Reason", "enrolment-error")
                .send()
                .problem(412);
        isStillVersion(1);
    }
}
