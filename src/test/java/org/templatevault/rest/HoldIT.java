package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;

/** A legal hold against every way in which one subject can be erased, and against an erasure at the same moment. */
class HoldIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final UUID subject = UUID.randomUUID();
    private final Stored stored = as("enroller").store(subject, TEMPLATE);

    private Answer hold() {
        return as("eraser")
                .put("/subjects/" + subject + "/hold")
                .header("X-Reason", "Case 17 O 4711/26")
                .send();
    }

    private Answer lift() {
        return as("eraser")
                .delete("/subjects/" + subject + "/hold")
                .header("X-Reason", "Case closed")
                .send();
    }

    private Answer erase() {
        return as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send();
    }

    @Test
    void stopsEveryErasureUntilItIsLifted() {
        hold().expect(200);
        erase().problem(409, "legal-hold");
        as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .problem(409, "legal-hold");
        JsonObject result = as("eraser")
                .post("/templates:batchDelete")
                .header("X-Reason", "consent-withdrawn")
                .json("{\"items\":[{\"subject\":\"" + subject + "\",\"template\":\"" + stored.template() + "\"}]}")
                .send()
                .expect(200)
                .json()
                .getJsonArray("results")
                .getJsonObject(0);
        assertEquals("legal-hold", result.getJsonObject("problem").getString("code"));
        assertEquals(1, as("auditor").get("/subjects/" + subject).send().json().getInt("revision"));
        as("reader").read(stored).expect(200);
        lift().expect(204);
        erase().expect(202);
        assertEquals(0, rows.number("select count(*) from vault.subject_hold where subject_id = ?", subject));
    }

    @Test
    void keepsOldVersionsThatAReplacementWouldRemove() {
        hold().expect(200);
        for (int version = 1; version <= 11; version++) {
            replace(version);
        }
        String count = "select count(*) from vault.template where subject_id = ?";
        assertEquals(12, rows.number(count, subject));
        lift().expect(204);
        replace(12);
        assertEquals(10, rows.number(count, subject));
    }

    private void replace(int version) {
        as("enroller")
                .put(stored.path() + OPEN)
                .header("If-Match", "\"" + version + "\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
    }

    @Test
    void tellsWhoSetAndLiftedItAndWhy() {
        hold().expect(200);
        hold().problem(409, "already-held");
        lift().expect(204);
        lift().problem(404, "hold-not-found");
        hold().expect(200);
        JsonObject holds = as("auditor")
                .get("/subjects/" + subject + "/hold")
                .send()
                .expect(200)
                .json();
        assertTrue(holds.getBoolean("held"));
        assertEquals(2, holds.getJsonArray("holds").size());
        JsonObject first = holds.getJsonArray("holds").getJsonObject(1);
        assertEquals("Case 17 O 4711/26", first.getString("reason"));
        assertEquals("eraser", first.getString("setBy"));
        assertEquals("Case closed", first.getString("liftReason"));
        assertEquals("eraser", first.getString("liftedBy"));
        assertFalse(holds.getJsonArray("holds").getJsonObject(0).containsKey("liftedAt"));
    }

    @Test
    void refusesAHoldWithoutReasonOrOnNobody() {
        as("eraser").put("/subjects/" + subject + "/hold").send().problem(400, "reason-missing");
        as("eraser")
                .put("/subjects/" + subject + "/hold")
                .header("X-Reason", "x".repeat(201))
                .send()
                .problem(400, "reason-malformed");
        UUID nobody = UUID.randomUUID();
        as("eraser")
                .put("/subjects/" + nobody + "/hold")
                .header("X-Reason", "x")
                .send()
                .problem(404, "subject-not-found");
        as("auditor").get("/subjects/" + nobody + "/hold").send().problem(404, "subject-not-found");
        erase().expect(202);
        hold().problem(410, "subject-erased");
        lift().problem(410, "subject-erased");
    }

    /** The erasure waits for the hold's transaction; what it read before the wait must not decide. */
    @Test
    void stopsAnErasureThatWaitedForIt() {
        CompletableFuture<Answer> held;
        CompletableFuture<Answer> erasure;
        try (var statement = SharedVault.proxy().holdStatement("insert into vault.subject_hold")) {
            held = CompletableFuture.supplyAsync(this::hold);
            statement.awaitHeld(PATIENCE);
            erasure = CompletableFuture.supplyAsync(this::erase);
            assertTrue(pending(erasure));
        }
        held.join().expect(200);
        erasure.join().problem(409, "legal-hold");
        as("reader").read(stored).expect(200);
    }

    @Test
    void stopsADeletionOfATemplateThatWaitedForIt() {
        CompletableFuture<Answer> held;
        CompletableFuture<Answer> deletion;
        try (var statement = SharedVault.proxy().holdStatement("insert into vault.subject_hold")) {
            held = CompletableFuture.supplyAsync(this::hold);
            statement.awaitHeld(PATIENCE);
            deletion = CompletableFuture.supplyAsync(() -> as("eraser")
                    .delete(stored.path())
                    .header("If-Match", "\"1\"")
                    .header("X-Reason", "consent-withdrawn")
                    .send());
            assertTrue(pending(deletion));
        }
        held.join().expect(200);
        deletion.join().problem(409, "legal-hold");
    }

    @Test
    void comesTooLateForAnErasureThatHasTheSubject() {
        CompletableFuture<Answer> held;
        CompletableFuture<Answer> erasure;
        try (var statement = SharedVault.proxy().holdStatement("insert into vault.erasure ")) {
            erasure = CompletableFuture.supplyAsync(this::erase);
            statement.awaitHeld(PATIENCE);
            held = CompletableFuture.supplyAsync(this::hold);
            assertTrue(pending(held));
        }
        erasure.join().expect(202);
        held.join().problem(410, "subject-erased");
        assertEquals(0, rows.number("select count(*) from vault.subject_hold where subject_id = ?", subject));
    }

    private static boolean pending(CompletableFuture<Answer> answer) {
        try {
            answer.get(700, TimeUnit.MILLISECONDS);
            return false;
        } catch (TimeoutException asItShould) {
            return true;
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }
}
