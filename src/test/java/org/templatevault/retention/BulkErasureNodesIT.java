package org.templatevault.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Erasures of many on two servers with one database: taken over from a node that was killed or stopped, and their pace. */
@Tag("long")
@Tag("nightly")
class BulkErasureNodesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration TAKE_OVER = Duration.ofSeconds(30);
    private static final String ERASES = "delete from vault.subject_key";
    /** First statement of a chunk: it looks at the lease. */
    private static final String CHUNK = "update vault.bulk_erasure set state = state";

    private static TestHome home;
    private static DatabaseProxy proxyOfA;
    private static DatabaseProxy proxyOfB;
    private static VaultServer a;
    private static VaultServer b;
    private static Rows rows;

    @BeforeAll
    static void start() {
        home = TestHome.create("bulk-nodes");
        rows = new Rows(home);
        proxyOfA = DatabaseProxy.before(home.database().port());
        proxyOfB = DatabaseProxy.before(home.database().port());
        a = VaultServer.on(home, "a")
                .through(proxyOfA)
                .variable("VAULT_BACKOFF_READ_MILLIS", "1")
                .start();
        b = VaultServer.on(home, "b")
                .through(proxyOfB)
                .variable("VAULT_BACKOFF_READ_MILLIS", "1")
                .start();
    }

    @BeforeEach
    void askForNothing() {
        schedule(false, 20);
    }

    @AfterAll
    static void stop() {
        b.close();
        a.close();
        home.close();
    }

    @AfterEach
    void keepTheInvariants() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private static VaultServer owner() {
        List<String> names = rows.texts("select n.name from vault.lease l join vault.node n on n.id = l.owner"
                + " where l.name = 'bulk-erasure' and l.expires_at > now()");
        return names.equals(List.of("node-a")) ? a : b;
    }

    private static VaultServer other(VaultServer server) {
        return server == a ? b : a;
    }

    private static void signal(VaultServer server, String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(server.pid())).start();
        assertEquals(0, kill.waitFor());
    }

    private static String slowly(Eraser eraser, List<UUID> subjects, int rate) {
        return eraser.ask(Json.createObjectBuilder(Eraser.list(subjects))
                        .add("rate", rate)
                        .build())
                .expect(202)
                .json()
                .getString("id");
    }

    /** Each once: one record and one receipt for each, and nobody left. */
    private static void eachOnce(Eraser eraser, JsonObject done, List<UUID> subjects) {
        String id = done.getString("id");
        assertEquals(subjects.size(), done.getInt("total"), done::toString);
        assertEquals(subjects.size(), done.getInt("erased"), done::toString);
        assertEquals(0, eraser.present(subjects));
        List<String> receipts = eraser.receipts(id);
        assertEquals(subjects.size(), receipts.size());
        assertEquals(subjects.size(), receipts.stream().distinct().count());
        assertEquals(
                subjects.size(),
                rows.number(
                        "select count(*) from vault.bulk_erasure_receipt r join vault.erasure e on e.id = r.erasure_id"
                                + " where r.bulk_id = ?",
                        UUID.fromString(id)));
    }

    @Test
    void takesOverFromANodeThatIsKilledAndErasesEachOnce() {
        List<UUID> subjects = new Eraser(a).enrol(200);
        long erasures = rows.number("select count(*) from vault.erasure");
        String id = slowly(new Eraser(a), subjects, 20);
        TestHome.await("some are erased", PATIENCE, () -> new Eraser(a).get(id).getInt("erased") > 0);
        VaultServer killed = owner();
        VaultServer left = other(killed);
        killed.kill();
        try {
            Instant from = Instant.now();
            Eraser eraser = new Eraser(left);
            int before = eraser.get(id).getInt("erased");
            assertTrue(before < 200, () -> "too late to take over: " + before);
            TestHome.await(
                    "the other node erases", TAKE_OVER, () -> eraser.get(id).getInt("erased") > before);
            System.out.println("[nodes] a bulk erasure taken over after a kill in "
                    + Duration.between(from, Instant.now()).toMillis() + " ms");
            eraser.changeRate(id, "null").expect(200);
            eachOnce(eraser, eraser.await(id, "DONE"), subjects);
            assertEquals(erasures + 200, rows.number("select count(*) from vault.erasure"));
        } finally {
            killed.start();
        }
    }

    /** The node sleeps before the statement that looks at the lease: when that arrives, another node has it. */
    @Test
    void takesTheDailyErasureOverFromANodeThatSleepsAndRefusesItsWritesWhenItWakes() throws Exception {
        stopTheOwner(false);
    }

    /** The node sleeps with the rows of its chunk in its hands: its transaction ends before the next one's begins. */
    @Test
    @Tag("chaos")
    void takesTheDailyErasureOverFromANodeThatSleepsInTheMiddleOfAnErasure() throws Exception {
        stopTheOwner(true);
    }

    private void stopTheOwner(boolean inTheMiddle) throws Exception {
        List<UUID> subjects = new Eraser(a).enrol(120);
        makeDue(subjects);
        long erasures = rows.number("select count(*) from vault.erasure");
        VaultServer stopped = owner();
        VaultServer left = other(stopped);
        Eraser eraser = new Eraser(left);
        DatabaseProxy between = stopped == a ? proxyOfA : proxyOfB;
        Hold hold = inTheMiddle ? between.holdStatementAfter(CHUNK, ERASES) : between.holdStatement(CHUNK);
        schedule(true, 20);
        hold.awaitHeld(PATIENCE);
        String id = rows.texts("select id from vault.bulk_erasure where requested_by = 'vault: retention'"
                        + " order by requested_at desc limit 1")
                .get(0);
        signal(stopped, "STOP");
        Instant from = Instant.now();
        try {
            while (owner() != left) {
                assertTrue(Duration.between(from, Instant.now()).compareTo(TAKE_OVER) < 0, "nobody takes over");
                TestHome.pause(Duration.ofMillis(5));
            }
            hold.release();
            TestHome.await(
                    "the other node erases", PATIENCE, () -> eraser.get(id).getInt("erased") > 0);
            System.out.println("[nodes] a daily erasure taken over after a stop in "
                    + Duration.between(from, Instant.now()).toMillis() + " ms");
        } finally {
            signal(stopped, "CONT");
        }
        TestHome.await(
                "the woken node answers", PATIENCE, () -> stopped.client().isReady());
        TestHome.pause(Duration.ofSeconds(2));
        eraser.changeRate(id, "null").expect(200);
        eachOnce(eraser, eraser.await(id, "DONE"), subjects);
        assertEquals(erasures + 120, rows.number("select count(*) from vault.erasure"));
        assertEquals(
                List.of(),
                rows.texts(
                        "select line from vault.audit_entry where action = 'vault: bulk erasure'"
                                + " and line::json ->> 'node' = ? and line::json -> 'notes' ->> 'bulkErasure' = ?",
                        stopped == a ? "node-a" : "node-b",
                        id),
                "what the stopped node has written");
    }

    private static void makeDue(List<UUID> subjects) {
        rows.change("update vault.policy_version set published_at = '2020-01-01', in_force_at = '2020-02-01'"
                + " where name = 'default' and version = 1");
        rows.change("update vault.bulk_erasure set requested_at = requested_at - interval '2 days'"
                + " where requested_by = 'vault: retention'");
        subjects.forEach(subject -> rows.change(
                "update vault.subject_retention set last_interaction_on = ? where subject_id = ?",
                LocalDate.now(ZoneOffset.UTC).minusYears(4),
                subject));
    }

    private static void schedule(boolean enabled, int rate) {
        a.as("operator")
                .put("/schedules/retention")
                .json("{\"enabled\":" + enabled + ",\"rate\":" + rate + "}")
                .send()
                .expect(200);
    }

    @Test
    void keepsToARateThatCanBeChangedWhileItRuns() {
        Eraser eraser = new Eraser(a);
        List<UUID> subjects = eraser.enrol(100);
        Instant from = Instant.now();
        String id = slowly(eraser, subjects, 10);
        TestHome.await("some are erased", PATIENCE, () -> eraser.get(id).getInt("erased") >= 10);
        int erased = eraser.get(id).getInt("erased");
        double seconds = Duration.between(from, Instant.now()).toMillis() / 1000.0;
        assertTrue(erased <= 10 * seconds + 2, () -> erased + " in " + seconds + " s");
        assertEquals(10, eraser.get(id).getInt("rate"));
        for (String wrong : List.of("0", "-1", "1000001", "\"x\"", "1.5")) {
            eraser.changeRate(id, wrong).problem(422, "invalid-field");
        }
        assertEquals(10, eraser.get(id).getInt("rate"));
        eraser.changeRate(id, "null").expect(200);
        eachOnce(eraser, eraser.await(id, "DONE"), subjects);
        JsonObject late = eraser.changeRate(id, "5").problem(409, "bulk-erasure-state");
        assertTrue(late.getString("detail").contains("has ended"), late::toString);
    }

    @Test
    void givesWayToSlowReadersAndSaysSo() {
        Eraser eraser = new Eraser(a);
        Stored stored = a.as("enroller").store(UUID.randomUUID(), new byte[] {1, 2, 3});
        List<UUID> subjects = eraser.enrol(100);
        String id = slowly(eraser, subjects, 5);
        TestHome.await("it gives way to the reads", PATIENCE, () -> {
            for (VaultServer server : List.of(a, b)) {
                for (int i = 0; i < 40; i++) {
                    server.as("reader").read(stored).expect(200);
                }
            }
            return eraser.get(id).containsKey("backingOff");
        });
        assertTrue(eraser.get(id).getString("backingOff").contains("VAULT_BACKOFF_READ_MILLIS"));
        TestHome.await("it gives way no more", PATIENCE, () -> !eraser.get(id).containsKey("backingOff"));
        eraser.changeRate(id, "null").expect(200);
        eachOnce(eraser, eraser.await(id, "DONE"), subjects);
        Answer trail = a.as("auditor")
                .get("/audit?action=vault:%20retention&limit=1000")
                .send()
                .expect(200);
        assertTrue(trail.text().contains(id + ": reads take"), trail::text);
    }
}
