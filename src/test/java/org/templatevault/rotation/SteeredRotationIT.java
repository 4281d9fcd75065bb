package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.BatchApi;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** A rotation that people pause, resume, cancel and change the rate of, and that goes on after a stop of its server. */
class SteeredRotationIT extends EnrolledVault {
    private final BatchApi batch = new BatchApi(server);

    SteeredRotationIT() {
        super(40, 300);
    }

    private static JsonObjectBuilder slowly() {
        return Json.createObjectBuilder().add("rate", 10);
    }

    private String running() {
        return running(slowly());
    }

    private String running(JsonObjectBuilder body) {
        String rotation = custodian.start(body);
        TestHome.await("some are moved", PATIENCE, () -> custodian.get(rotation).getInt("done") > 0);
        return rotation;
    }

    @Test
    void refusesASecondRotationWhileOneRuns() {
        String first = running();
        custodian.ask(Json.createObjectBuilder()).problem(409, "rotation-in-progress");
        custodian.steer(first, "pause").expect(200);
        custodian.ask(Json.createObjectBuilder()).problem(409, "rotation-in-progress");
        custodian.steer(first, "resume").expect(200);
        drained(first);
    }

    @Test
    void pausesResumesAndChangesItsRateWhileItRuns() {
        String rotation = running();
        assertEquals(
                "PAUSED", custodian.steer(rotation, "pause").expect(200).json().getString("state"));
        custodian.steer(rotation, "pause").problem(409, "rotation-state");
        TestHome.await("its job has stopped", PATIENCE, () -> batch.live().isEmpty());
        int done = custodian.get(rotation).getInt("done");
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals(done, custodian.get(rotation).getInt("done"));
        assertEquals(7, custodian.changeRate(rotation, 7).expect(200).json().getInt("rate"));
        custodian.changeRate(rotation, 0).problem(422, "invalid-field");
        custodian.steer(rotation, "resume").expect(200);
        TestHome.await("more are moved", PATIENCE, () -> custodian.get(rotation).getInt("done") > done);
        drained(rotation);
        for (String verb : List.of("pause", "resume", "cancel")) {
            JsonObject refused = custodian.steer(rotation, verb).problem(409, "rotation-state");
            assertTrue(
                    refused.getString("detail").startsWith("A rotation that is DRAINED cannot become "),
                    refused::toString);
        }
        JsonObject late = custodian.changeRate(rotation, 5).problem(409, "rotation-state");
        assertTrue(late.getString("detail").contains("has ended"), late::toString);
    }

    @Test
    void movesNoMoreThanItsRateAllows() {
        String rotation = custodian.start(slowly());
        custodian.await(rotation, "REENCRYPTING");
        int before = custodian.get(rotation).getInt("done");
        TestHome.pause(Duration.ofSeconds(2));
        int moved = custodian.get(rotation).getInt("done") - before;
        assertTrue(moved <= 40, () -> moved + " moved in about 2 s at 10 a second");
        custodian.changeRate(rotation, 1).expect(200);
        TestHome.pause(Duration.ofMillis(500));
        int slow = custodian.get(rotation).getInt("done");
        TestHome.pause(Duration.ofSeconds(3));
        int slowly = custodian.get(rotation).getInt("done") - slow;
        assertTrue(slowly <= 8, () -> slowly + " moved in about 3 s at 1 a second");
        drained(rotation);
    }

    @Test
    void leavesWhatACancelledRotationDidNotMoveToTheNext() {
        boolean gcm = rows.texts("select data_suite from vault.key_version where state = 'ACTIVE'")
                .contains("AES_256_GCM");
        String rotation = running(slowly().add("suite", gcm ? "CHACHA20_POLY1305" : "AES_256_GCM"));
        JsonObject cancelled = custodian.steer(rotation, "cancel").expect(200).json();
        assertEquals("CANCELLED", cancelled.getString("state"));
        assertTrue(cancelled.getInt("remaining") > 0, cancelled::toString);
        assertEquals(2, rows.number("select count(distinct data_suite) from vault.subject_key"));
        everyTemplateOpens();
        JsonObject next = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", next.getString("state"), next::toString);
        assertEquals(next.getInt("total"), next.getInt("done"));
        assertEquals(cancelled.getInt("toVersion") + 1, next.getInt("toVersion"));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** A backup from before the last key left a version needs that version: its end must be one that is recorded. */
    @Test
    void leavesTheServiceKeysWhereTheyAreWhenItIsCancelledBeforeItsEnd() {
        try (Hold count = SharedVault.mortal().proxy().holdStatement("filter (where q.subject_id is null)")) {
            String rotation = custodian.start(Json.createObjectBuilder());
            count.awaitHeld(PATIENCE);
            assertEquals("VERIFYING", custodian.get(rotation).getString("state"));
            custodian.steer(rotation, "cancel").expect(200);
            count.release();
            TestHome.pause(Duration.ofSeconds(1));
            assertEquals(
                    rows.number("select count(*) from vault.service_key"),
                    rows.number(
                            "select count(*) from vault.service_key where kek_version < ?",
                            custodian.get(rotation).getInt("toVersion")));
            JsonObject cancelled = custodian.get(rotation);
            assertEquals(
                    Instant.parse(cancelled.getString("endedAt")),
                    lastLeft(cancelled.getInt("fromVersion")).truncatedTo(ChronoUnit.MILLIS));
        }
        custodian.rotate(Json.createObjectBuilder());
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private Instant lastLeft(int version) {
        return Instant.parse(server.as("auditor")
                .get("/keys/" + version + "/usage")
                .send()
                .expect(200)
                .json()
                .getString("lastLeftAt"));
    }

    @Test
    void activatesNothingOnceItIsCancelled() {
        long active = rows.number("select version from vault.key_version where state = 'ACTIVE'");
        DatabaseProxy proxy = SharedVault.mortal().proxy();
        try (Hold ranges = proxy.holdAnswer("insert into vault.rotation_range")) {
            String rotation = custodian.start(Json.createObjectBuilder());
            ranges.awaitHeld(PATIENCE);
            CompletableFuture<Answer> cancelled =
                    CompletableFuture.supplyAsync(() -> custodian.steer(rotation, "cancel"));
            try (Hold activation = proxy.holdStatement("state = $2 for update")) {
                ranges.release();
                activation.awaitHeld(PATIENCE);
                assertEquals("CANCELLED", cancelled.join().expect(200).json().getString("state"));
            }
        }
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals(active, rows.number("select version from vault.key_version where state = 'ACTIVE'"));
        assertEquals(0, rows.number("select count(*) from vault.rotation_range"));
    }

    @Tag("nightly")
    @Test
    void staysPausedOverARestart() {
        String rotation = running();
        custodian.steer(rotation, "pause").expect(200);
        server.kill();
        server.start();
        TestHome.pause(Duration.ofSeconds(4));
        assertEquals("PAUSED", custodian.get(rotation).getString("state"));
        assertEquals(List.of(), batch.live());
        custodian.steer(rotation, "resume").expect(200);
        drained(rotation);
    }

    /** The server ends its jobs as if a person had stopped them, and goes on for a while before it stops the application. */
    @Test
    @Tag("nightly")
    void goesOnAfterItsServerWasStoppedInOrder() {
        String rotation = running();
        server.stop();
        assertEquals("REENCRYPTING", stateInTheDatabase(rotation));
        server.start();
        drained(rotation);
    }

    /** What its last count finds sends it round again, unless somebody has paused it meanwhile. */
    @Test
    void staysPausedWhateverItsLastCountFinds() {
        String rotation;
        UUID back = acknowledged.keySet().iterator().next().subject();
        try (Hold count = SharedVault.mortal().proxy().holdStatement("filter (where q.subject_id is null)")) {
            rotation = custodian.start(Json.createObjectBuilder().add("mode", "rewrap"));
            count.awaitHeld(PATIENCE);
            custodian.steer(rotation, "resume").problem(409, "rotation-state");
            custodian.steer(rotation, "pause").expect(200);
            shift(back, -1);
            count.release();
            TestHome.await("its job has ended", PATIENCE, () -> batch.live().isEmpty());
            TestHome.pause(Duration.ofSeconds(2));
        }
        assertEquals("PAUSED", stateInTheDatabase(rotation));
        shift(back, 1);
        custodian.steer(rotation, "resume").expect(200);
        drained(rotation);
    }

    /** Its key stays what it is, and does not open meanwhile. */
    private void shift(UUID subject, int versions) {
        rows.change(
                "with moved as (update vault.subject_key set kek_version = kek_version + ? where subject_id = ?"
                        + " returning kek_version - ? as old, kek_version as new)"
                        + " insert into vault.subject_count (id, kek_version, kind, subjects, at)"
                        + " select gen_random_uuid(), old, 'MOVED_OUT', 1, now() from moved"
                        + " union all select gen_random_uuid(), new, 'MOVED_IN', 1, now() from moved",
                versions,
                subject,
                versions);
    }
}
