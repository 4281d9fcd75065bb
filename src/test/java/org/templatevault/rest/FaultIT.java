package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Hold;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** The server or its database is killed, at moments chosen by the proxy between them. */
class FaultIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final Duration SOON = Duration.ofSeconds(20);

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final Rows rows = new Rows(vault.home());
    private final UUID subject = UUID.randomUUID();
    private final String key = "key-" + UUID.randomUUID();

    private Answer store() {
        return vault.server()
                .as("enroller")
                .post("/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE")
                .header("Idempotency-Key", key)
                .octets(TEMPLATE)
                .send();
    }

    private long stored() {
        return rows.number("select count(*) from vault.template where subject_id = ?", subject);
    }

    private static void unavailable(Answer answer) {
        JsonObject problem = answer.problem(503);
        assertTrue(
                problem.getString("code").equals("database-unavailable")
                        || problem.getString("code").equals("outcome-unknown"),
                answer::toString);
        assertTrue(Integer.parseInt(answer.header("Retry-After")) > 0, answer::toString);
        assertFalse(answer.text().contains("org.postgresql") || answer.text().contains("jdbc"), answer::toString);
    }

    private void killServerWhile(Hold hold) {
        CompletableFuture<Void> store = CompletableFuture.runAsync(() -> {
            try {
                store();
            } catch (UncheckedIOException asTheServerDies) {
                // the client cannot know what became of it
            }
        });
        hold.awaitHeld(SOON);
        vault.server().kill();
        hold.drop();
        store.join();
    }

    @Test
    void givesTheSameAnswerAfterAKillBetweenCommitAndAnswer() {
        vault.server().as("enroller").store(subject, TEMPLATE);
        try (var hold = vault.proxy().holdAnswerAfter("insert into vault.idempotency", "commit")) {
            killServerWhile(hold);
        }
        assertEquals(2, stored());
        String committed = rows.texts("select resource_id::text from vault.idempotency where key = ?", key)
                .get(0);
        vault.server().start();
        assertEquals(committed, store().expect(201).json().getString("template"));
        assertEquals(2, stored());
        Stored again = new Stored(subject, UUID.fromString(committed));
        assertArrayEquals(
                TEMPLATE, vault.server().as("reader").read(again).expect(200).bytes());
    }

    @Tag("nightly")
    @Test
    void storesNothingWhenKilledBeforeTheCommit() {
        try (var hold = vault.proxy().holdStatementAfter("insert into vault.idempotency", "commit")) {
            killServerWhile(hold);
        }
        TestHome.await(
                "PostgreSQL has rolled back",
                SOON,
                () -> rows.number(
                                "select count(*) from pg_stat_activity where usename = 'vault_app' and xact_start is not null")
                        == 0);
        assertEquals(0, stored());
        vault.server().start();
        store().expect(201);
        assertEquals(1, stored());
    }

    @Test
    void saysThatTheDatabaseIsAwayAndServesAgainWhenItIsBack() {
        Stored before = vault.server().as("enroller").store(subject, TEMPLATE);
        vault.home().killDatabase();
        try {
            Instant began = Instant.now();
            unavailable(vault.server().as("reader").read(before));
            unavailable(store());
            unavailable(vault.server().as("reader").get("/subjects/" + subject).send());
            assertTrue(Duration.between(began, Instant.now()).compareTo(Duration.ofSeconds(15)) < 0);
            assertEquals(
                    503,
                    vault.server()
                            .client()
                            .callOutside("GET", "/health/ready")
                            .send()
                            .status());
            assertEquals(
                    200,
                    vault.server()
                            .client()
                            .callOutside("GET", "/health/live")
                            .send()
                            .status());
        } finally {
            vault.home().restartDatabase();
        }
        vault.server().awaitReady(SOON);
        assertArrayEquals(
                TEMPLATE, vault.server().as("reader").read(before).expect(200).bytes());
        store().expect(201);
        assertEquals(2, stored());
    }

    @Test
    void knowsNotWhatBecameOfACommitAndTheKeyTells() {
        try (var hold = vault.proxy().holdStatementAfter("insert into vault.idempotency", "commit")) {
            CompletableFuture<Answer> store = CompletableFuture.supplyAsync(this::store);
            hold.awaitHeld(SOON);
            hold.drop();
            JsonObject problem = store.join().problem(503, "outcome-unknown");
            assertTrue(problem.getString("detail").contains("Idempotency-Key"));
        }
        store().expect(201);
        assertEquals(1, stored());
    }

    @Test
    void triesAgainWhenAConnectionIsLostBeforeTheCommit() {
        try (var hold = vault.proxy().holdStatement("insert into vault.template")) {
            CompletableFuture<Answer> store = CompletableFuture.supplyAsync(this::store);
            hold.awaitHeld(SOON);
            hold.drop();
            store.join().expect(201);
        }
        assertEquals(1, stored());
    }

    @Test
    void servesOnWhenAllConnectionsWereCut() {
        Stored before = vault.server().as("enroller").store(subject, TEMPLATE);
        vault.proxy().dropAll();
        assertArrayEquals(
                TEMPLATE, vault.server().as("reader").read(before).expect(200).bytes());
        vault.proxy().dropAll();
        vault.server()
                .as("reader")
                .get("/subjects/" + subject + "/templates")
                .send()
                .expect(200);
        vault.proxy().dropAll();
        vault.server().as("reader").get("/subjects/" + subject).send().expect(200);
    }

    /** Whoever only looks does not have to look twice. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "auditor /erasures",
                "auditor /erasures/bulk",
                "auditor /erasures/recent",
                "auditor /keys",
                "auditor /keys/1",
                "auditor /keys/1/usage",
                "auditor /keys/restorable-since",
                "operator /rotations",
                "operator /rotations/{rotation}",
                "auditor /quarantine",
                "auditor /approvals",
                "auditor /approvals/{approval}",
                "auditor /copies",
                "auditor /standing-policies",
                "operator /schedules",
                "auditor /holds",
                "auditor /policies",
                "auditor /policies/default",
                "operator /jobs",
                "auditor /audit",
                "auditor /audit/checkpoints",
                "auditor /audit/keys"
            })
    void showsWhenAllConnectionsWereCut(String roleAndPath) {
        String rotation = newest(
                "select id::text from vault.rotation order by requested_at desc limit 1",
                () -> new Custodian(vault.server())
                        .rotate(Json.createObjectBuilder())
                        .getString("id"));
        String approval = newest(
                "select id::text from vault.approval order by requested_at desc limit 1",
                () -> vault.server()
                        .as("key-custodian")
                        .post("/keys/1/exposure")
                        .send()
                        .expect(202)
                        .json()
                        .getString("id"));
        String[] parts = roleAndPath.split(" ", -1);
        String path = parts[1].replace("{rotation}", rotation).replace("{approval}", approval);
        vault.proxy().dropAll();
        vault.server().as(parts[0]).get(path).send().expect(200);
    }

    private String newest(String query, Supplier<String> otherwise) {
        List<String> found = new Rows(vault.home()).texts(query);
        return found.isEmpty() ? otherwise.get() : found.get(0);
    }
}
