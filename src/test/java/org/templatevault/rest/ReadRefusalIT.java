package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.rest.Refused.CANARY;
import static org.templatevault.rest.Refused.namesField;
import static org.templatevault.rest.Refused.silent;
import static org.templatevault.testing.SharedVault.as;

import java.util.Base64;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.VaultClient.Stored;

/** Reads of what is not there, and of what is there in a way that is not allowed. */
class ReadRefusalIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final UUID subject = UUID.randomUUID();
    private final String path = "/subjects/" + subject + "/templates";

    @ParameterizedTest
    @ValueSource(
            strings = {"c4n4ry", "1", "123e4567-e89b-42d3-a456-42661417400", "..", "%2e%2e", "%00", "'; drop table"})
    void findsNothingUnderAnIdThatIsNone(String id) {
        String escaped = id.replace(" ", "%20").replace("'", "%27").replace(";", "%3B");
        Answer answer =
                silent(as("reader").get("/subjects/" + escaped + "/templates").send());
        assertTrue(answer.status() == 404 || answer.status() == 400, answer::toString);
    }

    @Test
    void findsNoTemplateOfAnUnknownSubjectAndNoUnknownTemplate() {
        as("reader").get(path).send().problem(404, "subject-not-found");
        as("reader").get("/subjects/" + subject).send().problem(404, "subject-not-found");
        Stored none = new Stored(subject, UUID.randomUUID());
        as("reader").read(none).problem(404, "template-not-found");
        as("reader").get(none.path()).send().problem(404, "template-not-found");
        as("reader").get(none.path() + "/versions").send().problem(404, "template-not-found");
        Stored other = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("reader").read(new Stored(subject, other.template())).problem(404, "template-not-found");
        as("reader").read(new Stored(other.subject(), UUID.randomUUID())).problem(404, "template-not-found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "3", "999999999"})
    void findsNoVersionThatWasNeverStored(String version) {
        Stored stored = as("enroller").store(subject, TEMPLATE);
        as("reader")
                .get(stored.path() + "/content?version=" + version)
                .header("X-Purpose", "verification")
                .send()
                .problem(404, "template-not-found");
    }

    @Test
    void refusesAVersionThatIsNoNumber() {
        Stored stored = as("enroller").store(subject, TEMPLATE);
        namesField(
                silent(as("reader")
                        .get(stored.path() + "/content?version=" + CANARY)
                        .header("X-Purpose", "verification")
                        .send()),
                "version");
    }

    @Test
    void refusesAModalityToFilterByThatIsNone() {
        as("enroller").store(subject, TEMPLATE);
        namesField(silent(as("reader").get(path + "?modality=" + CANARY).send()), "modality");
    }

    @ParameterizedTest
    @CsvSource({"PATCH,", "DELETE,", "PUT,"})
    void refusesAMethodThatAPathDoesNotHave(String method) {
        Answer answer = as("enroller").call(method, path).json("{}").send();
        answer.problem(405, "method-not-allowed");
        assertTrue(answer.header("Allow").contains("POST"), answer::toString);
    }

    @Test
    void refusesAFormOfAnswerThatItDoesNotMake() {
        Stored stored = as("enroller").store(subject, TEMPLATE);
        as("reader").get(stored.path()).header("Accept", "image/png").send().problem(406, "not-acceptable");
    }

    @Test
    void asksForThePurposeOfEveryReadOfContent() {
        Stored stored = as("enroller").store(subject, TEMPLATE);
        for (String accept : new String[] {"application/json", "application/octet-stream", "*/*"}) {
            var read = as("reader").get(stored.path() + "/content").header("Accept", accept);
            read.send().problem(400, "purpose-missing");
            Answer refused = silent(as("reader")
                    .get(stored.path() + "/content")
                    .header("Accept", accept)
                    .header("X-Purpose", CANARY)
                    .send());
            refused.problem(403, "purpose-not-allowed");
            assertFalse(refused.text().contains(Base64.getEncoder().encodeToString(TEMPLATE)));
        }
        as("reader")
                .get(stored.path() + "/content")
                .header("X-Purpose", "  ")
                .send()
                .problem(400, "purpose-missing");
        as("reader")
                .get(stored.path() + "/content")
                .header("X-Purpose", "Verification")
                .send()
                .problem(403, "purpose-not-allowed");
    }
}
