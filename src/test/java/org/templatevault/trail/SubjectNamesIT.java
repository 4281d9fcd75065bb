package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Hold;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;

/** Under which name a subject stands in the trail, whatever became of the transaction that told it. */
class SubjectNamesIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final String requestId = "names-" + UUID.randomUUID();

    /** The key that the second of two first stores has made at its first attempt is nobody's. */
    @Test
    void tellsOfAStoreThatRanAgainUnderTheNameThatTheSubjectHas() {
        UUID subject = UUID.randomUUID();
        String made = "insert into vault.subject_key";
        try (Hold hold = SharedVault.proxy().holdStatementAfter(made, "insert into vault.template")) {
            CompletableFuture<Answer> first = CompletableFuture.supplyAsync(() -> storeInto(subject));
            hold.awaitHeld(Duration.ofSeconds(30));
            CompletableFuture<Answer> second = CompletableFuture.supplyAsync(() -> storeInto(subject));
            rows.awaitBlocked(made);
            hold.release();
            first.join().expect(201);
            second.join().expect(201);
        }
        JsonObject page = as("auditor")
                .get("/audit?subject=" + subject)
                .send()
                .expect(200)
                .json();
        assertEquals(
                2,
                page.getJsonArray("entries").getValuesAs(JsonObject.class).stream()
                        .filter(entry -> entry.containsKey("added"))
                        .count(),
                page::toString);
    }

    private Answer storeInto(UUID subject) {
        return as("enroller")
                .post("/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE")
                .header("X-Request-Id", requestId)
                .octets(TEMPLATE)
                .send();
    }

    @Test
    void givesNoNameToASubjectThatAStoreHasNotMade() {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, TEMPLATE);
        as("eraser").erase(subject, "retention").expect(202);
        storeInto(subject).problem(410, "subject-erased");
        List<String> subjects = rows.texts(
                "select line::json ->> 'subject' from vault.audit_entry where line::json ->> 'request' = ?", requestId);
        assertEquals(List.of("null"), subjects);
    }
}
