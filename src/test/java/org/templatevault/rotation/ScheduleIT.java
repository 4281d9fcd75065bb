package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.keyring.WrapBudget;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Call;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** What the vault does by itself: rotates when it is due, leaves another database's counts, gives way to readers. */
@Tag("long")
class ScheduleIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static TestHome home;
    private static final long MANY = 600_000;

    private static VaultServer server;
    private static Rows rows;
    private static Custodian custodian;
    private static JsonObject atFirst;

    @BeforeAll
    static void start() {
        home = TestHome.create("schedule");
        rows = new Rows(home);
        server = VaultServer.on(home).variable("VAULT_BACKOFF_READ_MILLIS", "1").start();
        custodian = new Custodian(server);
        atFirst = server.as("operator").schedule("rotation");
    }

    @AfterAll
    static void stop() {
        server.close();
        home.close();
    }

    @AfterEach
    void keepTheInvariants() {
        put("{\"enabled\":false}").expect(200);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private static Answer put(String json) {
        return server.as("operator").put("/schedules/rotation").json(json).send();
    }

    private static List<Stored> store(int count) {
        List<Stored> stored = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            stored.add(server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {1, 2, 3}));
        }
        return stored;
    }

    private static JsonObject newest() {
        return server.as("operator")
                .get("/rotations")
                .send()
                .expect(200)
                .json()
                .getJsonArray("rotations")
                .getJsonObject(0);
    }

    private static int active() {
        return (int) rows.number("select version from vault.key_version where state = 'ACTIVE'");
    }

    @Test
    void isOffInANewVaultAndShowsWhenItIsDueOnceItIsOn() {
        assertFalse(atFirst.getBoolean("enabled"), atFirst::toString);
        assertFalse(atFirst.containsKey("nextDueAt"), atFirst::toString);
        put("{\"enabled\":true,\"maxAge\":\"P90D\"}").expect(200);
        Instant due = Instant.parse(server.as("operator").schedule("rotation").getString("nextDueAt"));
        assertTrue(due.isAfter(Instant.now().plus(Duration.ofDays(89))), due::toString);
    }

    @Test
    void rotatesWhenTheActiveVersionIsOldEnough() {
        store(5);
        int before = active();
        JsonObject set = put("{\"enabled\":true,\"maxAge\":\"PT3S\",\"mode\":\"rewrap\"}")
                .expect(200)
                .json();
        assertFalse(
                Instant.parse(set.getString("nextDueAt")).isAfter(Instant.now().plusSeconds(3)), set::toString);
        TestHome.await("a version is made", PATIENCE, () -> active() > before);
        put("{\"enabled\":false}").expect(200);
        JsonObject ended = custodian.end(newest().getString("id"));
        assertEquals("scheduled", ended.getString("reason"));
        assertEquals("vault: schedule", ended.getString("requestedBy"));
    }

    @Test
    void doesNotAskAgainAtOnceForWhatWasTakenBack() {
        put("{\"enabled\":true,\"maxAge\":\"PT3S\",\"mode\":\"rewrap\"}").expect(200);
        int before = active();
        String cancelled = SilentNode.during(rows, () -> {
            TestHome.await(
                    "one is asked for",
                    PATIENCE,
                    () -> rows.number("select count(*) from vault.rotation where state = 'STAGED'") == 1);
            String asked = newest().getString("id");
            custodian.steer(asked, "cancel").expect(200);
            return asked;
        });
        TestHome.pause(Duration.ofSeconds(4));
        assertEquals(cancelled, newest().getString("id"));
        assertEquals(before, active());
        put("{\"enabled\":true,\"maxAge\":\"PT3S\",\"mode\":\"rewrap\"}").expect(200);
        TestHome.await("whoever sets the schedule anew means it", PATIENCE, () -> active() > before);
        put("{\"enabled\":false}").expect(200);
        custodian.end(newest().getString("id"));
    }

    @Test
    void rotatesWhenTheActiveVersionHasWrappedOftenEnough() {
        store(3);
        int before = active();
        put("{\"enabled\":true,\"maxWraps\":1000000}").expect(200);
        rows.change("update vault.wrap_count set reserved = reserved + 1000000 where kek_version = ?", before);
        TestHome.await("a version is made", PATIENCE, () -> active() > before);
        put("{\"enabled\":false}").expect(200);
        assertEquals("DRAINED", custodian.end(newest().getString("id")).getString("state"));
    }

    @Test
    void rotatesAtTheSoftLimitWhereNoLowerOneIsSet() {
        int before = active();
        put("{\"enabled\":true,\"maxAge\":\"P90D\"}").expect(200);
        rows.change(
                "update vault.wrap_count set reserved = reserved + ? where kek_version = ?",
                WrapBudget.SOFT_LIMIT,
                before);
        TestHome.await("a version is made", PATIENCE, () -> active() > before);
        put("{\"enabled\":false}").expect(200);
        assertEquals("DRAINED", custodian.end(newest().getString("id")).getString("state"));
    }

    /**
     * A rotation takes a wrap for each subject: with a limit that this alone reaches, another would begin at its end. The
     * schedule asks for none while this one is paused.
     */
    @Test
    void countsTheWrapsOfEnrolmentsAndNotThoseOfTheRotationItself() {
        store(30);
        String paused = custodian.start(Json.createObjectBuilder().add("rate", 1));
        custodian.await(paused, "REENCRYPTING");
        custodian.steer(paused, "pause").expect(200);
        int version = active();
        put("{\"enabled\":true,\"maxWraps\":524288}").expect(200);
        try {
            take("MOVED_IN", version);
            assertFalse(isDue());
            take("CREATED", version);
            assertTrue(isDue());
        } finally {
            put("{\"enabled\":false}").expect(200);
            rows.change("delete from vault.subject_count where subjects = ?", MANY);
        }
        custodian.steer(paused, "resume").expect(200);
        custodian.drain(paused);
    }

    private static void take(String kind, int version) {
        rows.change("update vault.wrap_count set reserved = reserved + ? where kek_version = ?", MANY, version);
        rows.change(
                "insert into vault.subject_count (id, kek_version, kind, subjects, at)"
                        + " values (gen_random_uuid(), ?, ?, ?, now())",
                version,
                kind,
                MANY);
    }

    private static boolean isDue() {
        return server.as("operator").schedule("rotation").containsKey("nextDueAt");
    }

    private static long wraps() {
        return server.as("auditor")
                .get("/keys/" + active())
                .send()
                .expect(200)
                .json()
                .getJsonNumber("wraps")
                .longValue();
    }

    /** What was left of a block is not known after a kill, so none of it is used. */
    @Test
    void countsEveryWrapAlsoOverAKill() {
        store(20);
        long before = wraps();
        server.kill();
        server.start();
        store(20);
        assertEquals(before + WrapBudget.BLOCK, wraps());
    }

    private static void restart() {
        server.stop();
        server.start();
    }

    private static Answer storeFor(UUID subject) {
        return server.as("enroller")
                .post("/subjects/" + subject + "/templates?" + OPEN)
                .octets(new byte[] {1, 2, 3})
                .send();
    }

    private static Call batchFor(UUID subject) {
        return server.as("enroller")
                .post("/templates:batchStore")
                .header("Idempotency-Key", subject.toString())
                .json("{\"items\":[{\"subject\":\"" + subject
                        + "\",\"modality\":\"IRIS\",\"format\":\"OPAQUE\",\"data\":\"QUJD\"}]}");
    }

    private static void isRefused(Answer answer) {
        answer.problem(503, "wraps-exhausted");
        assertFalse(answer.header("Retry-After").isEmpty(), answer::toString);
    }

    @Test
    @Tag("nightly")
    void refusesNewSubjectsOnceTheVersionHasWrappedAsOftenAsItMay() {
        Stored known = store(1).get(0);
        rows.change(
                "update vault.wrap_count set reserved = ? where kek_version = ?",
                WrapBudget.HARD_LIMIT - WrapBudget.BLOCK,
                active());
        restart();
        store(1); // of the last block
        assertEquals(WrapBudget.HARD_LIMIT, wraps());
        restart();
        TestHome.await(
                "it is used up",
                PATIENCE,
                () -> storeFor(UUID.randomUUID()).text().contains("wraps-exhausted"));

        isRefused(storeFor(UUID.randomUUID()));
        isRefused(server.as("enroller").post("/subjects").send());
        Call batch = batchFor(UUID.randomUUID());
        isRefused(batch.send());
        storeFor(known.subject()).expect(201);
        server.as("reader").read(known).expect(200);

        JsonObject ended = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        batch.send().expect(200); // its name is free
        store(1);
        server.as("enroller").post("/subjects").send().expect(201);
        server.as("reader").read(known).expect(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"timeline = 'FFFFFFFF'", "system_identifier = '1'"})
    void makesANewVersionBeforeTheFirstWrapInAnotherDatabase(String another) {
        store(3);
        int before = active();
        rows.change("update vault.database_identity set " + another);
        Answer first = server.as("enroller")
                .post("/subjects/" + UUID.randomUUID() + "/templates?" + OPEN)
                .octets(new byte[] {1})
                .send();
        assertTrue(first.status() == 201 || first.status() == 503, first::toString);
        if (first.status() == 201) {
            assertTrue(first.json().getInt("keyVersion") > before, first::toString);
        }
        TestHome.await("a version is made", PATIENCE, () -> active() > before);
        store(1);
        JsonObject ended = custodian.end(newest().getString("id"));
        assertEquals("DRAINED", ended.getString("state"));
        assertEquals("vault: another database", ended.getString("requestedBy"));
    }

    @Test
    void refusesAScheduleThatMakesNoSense() {
        put("{\"enabled\":true}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"soon\"}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"-P1D\"}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"P200000000000D\"}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"P3660DT1S\"}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"P3660D\"}").expect(200);
        put("{\"enabled\":true,\"maxAge\":\"P1D\",\"mode\":\"none\"}").problem(422, "invalid-field");
        put("{\"maxAge\":\"P1D\"}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxWraps\":131072}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"P1D\",\"rate\":0}").problem(422, "invalid-field");
        put("{\"enabled\":true,\"maxAge\":\"P1D\",\"other\":1}").problem(422, "invalid-field");
    }

    @Test
    void givesWayToReadersAndSaysSo() {
        List<Stored> stored = store(60);
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 5));
        custodian.await(rotation, "REENCRYPTING");
        TestHome.await("it says that it backs off", PATIENCE, () -> {
            for (int i = 0; i < 60; i++) {
                server.as("reader").read(stored.get(i)).expect(200);
            }
            return custodian.get(rotation).containsKey("backingOff");
        });
        assertTrue(custodian.get(rotation).getString("backingOff").contains("VAULT_BACKOFF_READ_MILLIS"));
        custodian.drain(rotation);
    }
}
