package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * The races that lose data, on purpose: a proxy between server and PostgreSQL holds one of two in the middle of its
 * transaction while the other passes.
 */
class RotationRaceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String TOUCH = "update vault.subject_key k set revision";
    private static final String SWAP = "update vault.subject_key k set dek_number";
    private static final String RESEAL = "update vault.template t set dek_number";
    private static final String INSERT_TEMPLATE = "insert into vault.template";
    private static final String INSERT_SUBJECT = "insert into vault.subject_key";
    private static final String HOLD_ACTIVE = "select version from vault.key_version where version";
    private static final String ACTIVATION = "select pg_advisory_xact_lock(";
    private static final String OPEN = "modality=FACE&format=OPAQUE";

    private final VaultServer server = SharedVault.mortal().server();
    private final DatabaseProxy proxy = SharedVault.mortal().proxy();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private int made;

    /** Whoever was acknowledged reads his bytes, and nothing stands under a key that is gone. */
    @AfterEach
    void everythingThatWasAcknowledgedOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private byte[] content() {
        return TemplateDocument.noise(700, ++made);
    }

    private Stored store(UUID subject) {
        byte[] bytes = content();
        Stored stored = server.as("enroller").store(subject, OPEN, bytes);
        acknowledged.put(stored, bytes);
        return stored;
    }

    private Answer storeInto(UUID subject, byte[] bytes) {
        return server.as("enroller")
                .post("/subjects/" + subject + "/templates?" + OPEN)
                .octets(bytes)
                .send();
    }

    private void acknowledge(UUID subject, Answer answer, byte[] bytes) {
        acknowledged.put(
                new Stored(subject, UUID.fromString(answer.expect(201).json().getString("template"))), bytes);
    }

    private Answer erase(UUID subject) {
        return server.as("eraser").erase(subject, "retention");
    }

    private Answer batch(List<UUID> subjects, byte[] bytes) {
        var items = Json.createArrayBuilder();
        for (UUID subject : subjects) {
            items.add(TemplateDocument.with(TemplateDocument.fingerprint(bytes), "subject", subject.toString()));
        }
        return server.as("enroller")
                .post("/templates:batchStore")
                .json(Json.createObjectBuilder().add("items", items).build())
                .send();
    }

    private void acknowledgeBatch(Answer answer, byte[] bytes) {
        for (JsonObject result :
                answer.expect(200).json().getJsonArray("results").getValuesAs(JsonObject.class)) {
            assertEquals(201, result.getInt("status"), result::toString);
            acknowledged.put(
                    new Stored(
                            UUID.fromString(result.getString("subject")),
                            UUID.fromString(result.getString("template"))),
                    bytes);
        }
    }

    private static <T> CompletableFuture<T> meanwhile(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work).orTimeout(90, TimeUnit.SECONDS);
    }

    private void requireGone(UUID subject) {
        assertEquals(410, server.as("reader").get("/subjects/" + subject).send().status());
        assertEquals(410, storeInto(subject, content()).status());
        assertEquals(
                0,
                rows.number(
                        "select (select count(*) from vault.subject_key where subject_id = ?)"
                                + " + (select count(*) from vault.template where subject_id = ?)",
                        subject,
                        subject));
    }

    private void drained(String rotation) {
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
    }

    @Test
    void storesIntoASubjectThatTheRotationWaitsFor() {
        UUID subject = store(UUID.randomUUID()).subject();
        byte[] bytes = content();
        try (Hold hold = proxy.holdStatementAfter(TOUCH, INSERT_TEMPLATE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> storeInto(subject, bytes));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            rows.awaitBlocked(SWAP);
            hold.release();
            acknowledge(subject, storing.join(), bytes);
            drained(rotation);
        }
    }

    @Test
    void storesABatchIntoSubjectsThatTheRotationWaitsFor() {
        List<UUID> subjects = List.of(
                store(UUID.randomUUID()).subject(), store(UUID.randomUUID()).subject(), UUID.randomUUID());
        byte[] bytes = content();
        try (Hold hold = proxy.holdStatementAfter(TOUCH, INSERT_TEMPLATE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> batch(subjects, bytes));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            rows.awaitBlocked(SWAP);
            hold.release();
            acknowledgeBatch(storing.join(), bytes);
            drained(rotation);
        }
    }

    @Test
    void erasesASubjectThatTheRotationWaitsFor() {
        UUID subject =
                server.as("enroller").store(UUID.randomUUID(), OPEN, content()).subject();
        store(UUID.randomUUID());
        try (Hold hold = proxy.holdStatementAfter("delete from vault.subject_key", "delete from vault.template")) {
            CompletableFuture<Answer> erasing = meanwhile(() -> erase(subject));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            rows.awaitBlocked(SWAP);
            hold.release();
            erasing.join().expect(202);
            drained(rotation);
        }
        requireGone(subject);
    }

    @Test
    void preparesASubjectAgainIntoWhichSomebodyStoredAfterItWasRead() {
        UUID subject = store(UUID.randomUUID()).subject();
        UUID other = store(UUID.randomUUID()).subject();
        try (Hold hold = proxy.holdStatement(SWAP)) {
            String rotation = custodian.start();
            hold.awaitHeld(PATIENCE);
            store(subject);
            byte[] bytes = content();
            acknowledgeBatch(batch(List.of(subject, other, UUID.randomUUID()), bytes), bytes);
            hold.release();
            drained(rotation);
        }
    }

    @Test
    void preparesASubjectAgainWhoseTemplateWasReplacedOrDeletedAfterItWasRead() {
        UUID subject = UUID.randomUUID();
        Stored kept = store(subject);
        Stored deleted = server.as("enroller").store(subject, OPEN, content());
        byte[] replacement = content();
        try (Hold hold = proxy.holdStatement(SWAP)) {
            String rotation = custodian.start();
            hold.awaitHeld(PATIENCE);
            server.as("enroller")
                    .put(kept.path() + "?" + OPEN)
                    .header("If-Match", "\"1\"")
                    .octets(replacement)
                    .send()
                    .expect(200);
            server.as("eraser")
                    .delete(deleted.path())
                    .header("If-Match", "\"1\"")
                    .header("X-Reason", "retention")
                    .send()
                    .expect(204);
            hold.release();
            drained(rotation);
        }
        acknowledged.put(kept, replacement);
        assertEquals(404, server.as("reader").read(deleted).status());
    }

    @Test
    void leavesOutASubjectThatWasErasedAfterItWasRead() {
        UUID subject =
                server.as("enroller").store(UUID.randomUUID(), OPEN, content()).subject();
        store(UUID.randomUUID());
        try (Hold hold = proxy.holdStatement(SWAP)) {
            String rotation = custodian.start();
            hold.awaitHeld(PATIENCE);
            erase(subject).expect(202);
            hold.release();
            drained(rotation);
        }
        requireGone(subject);
    }

    @Test
    void letsStoreReplacementAndErasureWaitForASubjectInTheMiddleOfItsMove() {
        UUID stored = store(UUID.randomUUID()).subject();
        UUID erased =
                server.as("enroller").store(UUID.randomUUID(), OPEN, content()).subject();
        byte[] bytes = content();
        try (Hold hold = proxy.holdStatementAfter(SWAP, RESEAL)) {
            String rotation = custodian.start();
            hold.awaitHeld(PATIENCE);
            CompletableFuture<Answer> storing = meanwhile(() -> storeInto(stored, bytes));
            CompletableFuture<Answer> erasing = meanwhile(() -> erase(erased));
            rows.awaitBlocked(TOUCH);
            rows.awaitBlocked("delete from vault.subject_key");
            acknowledged.forEach((template, content) -> assertArrayEquals(
                    content, server.as("reader").read(template).expect(200).bytes()));
            hold.release();
            acknowledge(stored, storing.join(), bytes);
            erasing.join().expect(202);
            drained(rotation);
        }
        requireGone(erased);
    }

    @Test
    void leavesNoRowInQuarantineForASubjectThatIsErasedMeanwhile() {
        Stored damaged = server.as("enroller").store(UUID.randomUUID(), OPEN, content());
        store(UUID.randomUUID());
        rows.change("update vault.template set quality = 1 where subject_id = ?", damaged.subject());
        try (Hold hold = proxy.holdAnswer("insert into vault.quarantine")) {
            String rotation = custodian.start();
            hold.awaitHeld(PATIENCE);
            CompletableFuture<Answer> erasing = meanwhile(() -> erase(damaged.subject()));
            long end = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            while (!erasing.isDone() && System.nanoTime() < end) {
                Watch.pause(50);
            }
            hold.release();
            erasing.join().expect(202);
            Custodian.requireEquation(custodian.end(rotation));
        }
        requireGone(damaged.subject());
    }

    @Test
    void wrapsANewSubjectAgainWhoseVersionWasReplacedBeforeItsCommit() {
        store(UUID.randomUUID());
        UUID subject = UUID.randomUUID();
        byte[] bytes = content();
        try (Hold hold = proxy.holdStatementAfter(INSERT_SUBJECT, HOLD_ACTIVE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> storeInto(subject, bytes));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            JsonObject ended = custodian.await(rotation, "DRAINED");
            hold.release();
            Answer answer = storing.join();
            acknowledge(subject, answer, bytes);
            assertEquals(ended.getInt("toVersion"), answer.json().getInt("keyVersion"));
        }
    }

    @Test
    void wrapsTheNewSubjectsOfABatchAgainWhoseVersionWasReplacedBeforeItsCommit() {
        UUID known = store(UUID.randomUUID()).subject();
        List<UUID> subjects = List.of(UUID.randomUUID(), UUID.randomUUID());
        byte[] bytes = content();
        try (Hold hold = proxy.holdStatementAfter(INSERT_SUBJECT, HOLD_ACTIVE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> batch(subjects, bytes));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            drained(rotation);
            hold.release();
            acknowledgeBatch(storing.join(), bytes);
            store(known);
        }
    }

    @Test
    void activatesTheNextVersionOnlyAfterAStoreThatHoldsTheActiveOne() {
        UUID subject = UUID.randomUUID();
        byte[] bytes = content();
        try (Hold hold = proxy.holdAnswerAfter(INSERT_SUBJECT, HOLD_ACTIVE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> storeInto(subject, bytes));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            rows.awaitBlocked(ACTIVATION);
            assertEquals("STAGED", custodian.get(rotation).getString("state"));
            hold.release();
            acknowledge(subject, storing.join(), bytes);
            drained(rotation);
        }
    }

    /** Stores that follow each other without a gap would otherwise keep a compromised version active for ever. */
    @Test
    void letsNoStorePassAnActivationThatWaits() {
        byte[] first = content();
        byte[] second = content();
        UUID before = UUID.randomUUID();
        UUID after = UUID.randomUUID();
        try (Hold hold = proxy.holdAnswerAfter(INSERT_SUBJECT, HOLD_ACTIVE)) {
            CompletableFuture<Answer> holding = meanwhile(() -> storeInto(before, first));
            hold.awaitHeld(PATIENCE);
            String rotation = custodian.start();
            rows.awaitBlocked(ACTIVATION);
            CompletableFuture<Answer> late = meanwhile(() -> storeInto(after, second));
            rows.awaitBlocked(HOLD_ACTIVE);
            hold.release();
            acknowledge(before, holding.join(), first);
            int version = custodian.end(rotation).getInt("toVersion");
            Answer answer = late.join();
            acknowledge(after, answer, second);
            assertEquals(version, answer.json().getInt("keyVersion"));
        }
    }

    @Test
    void storesTwiceForTheSameNewSubjectAtOnce() {
        UUID subject = UUID.randomUUID();
        byte[] first = content();
        byte[] second = content();
        byte[] third = content();
        try (Hold hold = proxy.holdStatementAfter(INSERT_SUBJECT, INSERT_TEMPLATE)) {
            CompletableFuture<Answer> storing = meanwhile(() -> storeInto(subject, first));
            hold.awaitHeld(PATIENCE);
            CompletableFuture<Answer> alone = meanwhile(() -> storeInto(subject, second));
            CompletableFuture<Answer> inBatch = meanwhile(() -> batch(List.of(subject, UUID.randomUUID()), third));
            rows.awaitBlocked(INSERT_SUBJECT);
            hold.release();
            acknowledge(subject, storing.join(), first);
            acknowledge(subject, alone.join(), second);
            acknowledgeBatch(inBatch.join(), third);
        }
        assertEquals(3, rows.number("select count(*) from vault.template where subject_id = ?", subject));
        assertEquals(1, rows.number("select count(*) from vault.subject_key where subject_id = ?", subject));
    }

    @Test
    void neverBringsAnErasedIdBackByAStoreAtTheSameTime() throws Exception {
        int erasures = 0;
        for (int i = 0; i < 60; i++) {
            UUID subject = server.as("enroller")
                    .store(UUID.randomUUID(), OPEN, content())
                    .subject();
            String revision =
                    server.as("eraser").get("/subjects/" + subject).send().header("ETag");
            CyclicBarrier together = new CyclicBarrier(3);
            byte[] bytes = content();
            boolean asBatch = i % 2 == 1;
            CompletableFuture<Answer> storing = meanwhile(() -> {
                meet(together);
                return asBatch ? batch(List.of(subject), bytes) : storeInto(subject, bytes);
            });
            CompletableFuture<Answer> erasing = meanwhile(() -> {
                meet(together);
                return server.as("eraser")
                        .delete("/subjects/" + subject)
                        .header("If-Match", revision)
                        .header("X-Reason", "retention")
                        .send();
            });
            meet(together);
            Answer stored = storing.join();
            if (erasing.join().status() == 202) {
                erasures++;
                int status = asBatch
                        ? stored.json().getJsonArray("results").getJsonObject(0).getInt("status")
                        : stored.status();
                assertEquals(410, status, stored::toString);
                requireGone(subject);
            } else {
                erasing.join().problem(412);
                if (asBatch) {
                    acknowledgeBatch(stored, bytes);
                } else {
                    acknowledge(subject, stored, bytes);
                }
            }
        }
        assertNotEquals(0, erasures);
    }

    @Test
    void refusesAStoreThatWaitedForAnErasure() {
        UUID subject =
                server.as("enroller").store(UUID.randomUUID(), OPEN, content()).subject();
        UUID inBatch =
                server.as("enroller").store(UUID.randomUUID(), OPEN, content()).subject();
        List<CompletableFuture<Answer>> erasing = new ArrayList<>();
        for (UUID erased : List.of(subject, inBatch)) {
            try (Hold hold = proxy.holdStatementAfter("delete from vault.subject_key", "commit")) {
                erasing.add(meanwhile(() -> erase(erased)));
                hold.awaitHeld(PATIENCE);
                CompletableFuture<Answer> storing = meanwhile(() ->
                        erased.equals(subject) ? storeInto(erased, content()) : batch(List.of(erased), content()));
                rows.awaitBlocked(TOUCH);
                hold.release();
                Answer answer = storing.join();
                int status = erased.equals(subject)
                        ? answer.status()
                        : answer.json().getJsonArray("results").getJsonObject(0).getInt("status");
                assertEquals(410, status, answer::toString);
            }
        }
        erasing.forEach(erasure -> erasure.join().expect(202));
        requireGone(subject);
        requireGone(inBatch);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("The other did not come", e);
        }
    }
}
