package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.BatchApi;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

class RotationIT {
    private static final int SUBJECTS = 40;
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final BatchApi batch = new BatchApi(server);
    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();

    @BeforeEach
    void enrol() {
        for (int i = 0; i < SUBJECTS; i++) {
            byte[] bytes = TemplateDocument.noise(300 + i, i);
            acknowledged.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    @AfterEach
    void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
    }

    private static JsonObjectBuilder slowly() {
        return Json.createObjectBuilder().add("rate", 10);
    }

    private void drained(String rotation) {
        custodian.drain(rotation);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** The count of the rows that are left stands still, and another node takes the lease meanwhile. */
    @Test
    void isNotEndedByANodeThatHasLostTheLease() {
        DatabaseProxy proxy = SharedVault.mortal().proxy();
        String lease = "update vault.lease set owner = gen_random_uuid(), token = token + 1,"
                + " expires_at = now() + interval '1 hour' where name = 'rotation'";
        String rotation;
        try (Hold count = proxy.holdStatement("count(*) filter (where q.subject_id is null) as remaining")) {
            rotation = custodian.start();
            count.awaitHeld(PATIENCE);
            rows.change(lease);
        }
        try {
            TestHome.await("its job has ended", PATIENCE, () -> batch.live().isEmpty());
            JsonObject left = custodian.get(rotation);
            assertEquals("VERIFYING", left.getString("state"), left::toString);
            assertEquals(
                    0,
                    rows.number(
                            "select count(*) from vault.service_key where kek_version = ?", left.getInt("toVersion")));
        } finally {
            rows.change("update vault.lease set expires_at = now() where name = 'rotation'");
        }
        custodian.drained(rotation);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** The lease is gone when it would move the service keys, and back when it would end the rotation. */
    @Test
    void isNotEndedWhereItsServiceKeysStayWhereTheyAre() {
        DatabaseProxy proxy = SharedVault.mortal().proxy();
        String rotation;
        try (Hold count = proxy.holdStatement("filter (where q.subject_id is null)")) {
            rotation = custodian.start();
            count.awaitHeld(PATIENCE);
            try (Hold lease = proxy.holdStatement("select 1 from vault.lease where name = $1 and token = $2")) {
                count.release();
                lease.awaitHeld(PATIENCE);
                rows.change("update vault.lease set owner = gen_random_uuid(), token = token + 1, expires_at = now()"
                        + " where name = 'rotation'");
                TestHome.await(
                        "the node has the lease again",
                        PATIENCE,
                        () -> rows.number("select count(*) from vault.lease l join vault.node n on n.id = l.owner"
                                        + " where l.name = 'rotation'")
                                == 1);
                TestHome.pause(Duration.ofMillis(1500));
            }
        }
        int version = custodian.drained(rotation).getInt("toVersion");
        assertEquals(0, rows.number("select count(*) from vault.service_key where kek_version < ?", version));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private String running() {
        String rotation = custodian.start(slowly());
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
    void rotatesFiveTimesInARowInBothModesAndSuites() {
        for (int i = 0; i < 5; i++) {
            String suite = i % 2 == 0 ? "AES_256_GCM" : "CHACHA20_POLY1305";
            boolean reencrypt = i % 2 == 0 || i == 3;
            int before = (int) rows.number("select max(version) from vault.key_version where state = 'ACTIVE'");
            JsonObject ended = custodian.rotate(Json.createObjectBuilder()
                    .add("mode", reencrypt ? "reencrypt" : "rewrap")
                    .add("suite", suite));
            assertEquals("DRAINED", ended.getString("state"));
            assertEquals(before, ended.getInt("fromVersion"));
            assertEquals(before + 1, ended.getInt("toVersion"));
            assertEquals(ended.getInt("total"), ended.getInt("done"));
            assertEquals(0, rows.number("select count(*) from vault.subject_key where kek_version <= ?", before));
            if (reencrypt) {
                assertEquals(0, rows.number("select count(*) from vault.subject_key where data_suite <> ?", suite));
            }
            everyTemplateOpens();
            assertEquals(List.of(), Invariants.broken(rows));
        }
    }

    @Test
    void updatesRowsWithinTheirPagesAndVacuumsThemAfterwardsWithPauses() {
        long vacuums = tables("sum(vacuum_count)");
        long updates = tables("sum(n_tup_upd)");
        long hotUpdates = tables("sum(n_tup_hot_upd)");
        long rewritten =
                rows.number("select (select count(*) from vault.subject_key) + (select count(*) from vault.template)");
        onePageAtATime(() -> {
            drained(custodian.start(Json.createObjectBuilder()));
            TestHome.await(
                    "the vacuum pauses",
                    PATIENCE,
                    () -> rows.number("select count(*) from pg_stat_activity where usename = 'vault_app'"
                                    + " and wait_event = 'VacuumDelay'")
                            > 0);
        });
        TestHome.await("the updates are counted", PATIENCE, () -> tables("sum(n_tup_upd)") >= updates + rewritten);
        long hot = tables("sum(n_tup_hot_upd)") - hotUpdates;
        assertTrue(hot >= rewritten * 0.95, () -> hot + " of " + rewritten + " updates within their pages");
        TestHome.await(
                "both tables are vacuumed and hold few dead rows",
                PATIENCE,
                () -> tables("sum(vacuum_count)") >= vacuums + 2 && tables("sum(n_dead_tup)") <= rewritten * 0.2);
    }

    @Test
    void reservesWrapsBeforeAVersionBecomesActive() {
        drained(SilentNode.during(rows, () -> {
            String rotation = stageWithWraps();
            assertEquals("STAGED", custodian.get(rotation).getString("state"));
            return rotation;
        }));
    }

    /** A rotation whose version waits for a node, with wraps reserved under it. */
    private String stageWithWraps() {
        String rotation = custodian.start();
        int version = custodian.get(rotation).getInt("toVersion");
        TestHome.await(
                "wraps are reserved",
                PATIENCE,
                () -> rows.number("select count(*) from vault.wrap_count where kek_version = ?", version) == 1);
        return rotation;
    }

    /** What an alert watches: the wraps of the version that still wraps, not those reserved for one that never did. */
    @Test
    void publishesTheWrapsOfTheActiveVersionAfterAStagedRotationWasCancelled() {
        SilentNode.during(rows, () -> {
            String rotation = stageWithWraps();
            return custodian.steer(rotation, "cancel").expect(200);
        });
        String ofTheActive = " from vault.wrap_count where kek_version ="
                + " (select version from vault.key_version where state = 'ACTIVE')";
        rows.change("update vault.wrap_count w set reserved = t.reserved + 1000000 from (select kek_version, reserved"
                + ofTheActive + ") t where t.kek_version = w.kek_version");
        TestHome.await(
                "the wraps of the active version are published",
                Duration.ofSeconds(30),
                () -> (long) wraps() == rows.number("select reserved" + ofTheActive));
    }

    private double wraps() {
        return server.as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith("vault_wraps"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void countsWrapsInThisDatabaseFromTheVaultsFirstTransactionOn() {
        Rows untouched =
                new Rows(SharedVault.server().home()); // other tests change the record of the vault that they kill
        assertEquals(
                1,
                untouched.number("select count(*) from vault.database_identity i join vault.vault_identity v"
                        + " on i.xmin = v.xmin"),
                "a copy of a vault's first seconds would not be known as another database");
    }

    /** A vacuum that may pause does so after each page; the others do not. */
    private void onePageAtATime(Runnable work) {
        rows.change("alter system set vacuum_cost_limit = 1");
        rows.texts("select pg_reload_conf()");
        try {
            work.run();
        } finally {
            rows.change("alter system reset vacuum_cost_limit");
            rows.texts("select pg_reload_conf()");
        }
    }

    private long tables(String figure) {
        return rows.number("select " + figure
                + " from pg_stat_user_tables where schemaname = 'vault' and relname in ('subject_key', 'template')");
    }

    @Test
    void keepsTheCiphertextWhenItOnlyRewraps() {
        String digest = "select md5(string_agg(envelope, '' order by subject_id, id, version)) from vault.template";
        List<String> before = rows.texts(digest);
        custodian.rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        assertEquals(before, rows.texts(digest));
        custodian.rotate(Json.createObjectBuilder().add("mode", "reencrypt"));
        assertFalse(before.equals(rows.texts(digest)));
    }

    @Test
    void putsADamagedRowIntoQuarantineAndMovesTheRest() {
        Stored damaged = server.as("enroller").store(UUID.randomUUID(), OPEN, TemplateDocument.noise(99, 1));
        Stored lostKey = server.as("enroller").store(UUID.randomUUID(), OPEN, TemplateDocument.noise(99, 2));
        rows.change(
                "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1)"
                        + " where subject_id = ?",
                damaged.subject());
        rows.change(
                "update vault.subject_key set wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)"
                        + " where subject_id = ?",
                lostKey.subject());
        List<String> untouched = rowsOf(damaged, lostKey);
        JsonObject ended = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED_WITH_QUARANTINE", ended.getString("state"));
        assertEquals(2, ended.getInt("quarantined"));
        assertEquals(0, ended.getInt("remaining"));
        assertEquals(ended.getInt("total") - 2, ended.getInt("done"));
        assertEquals(untouched, rowsOf(damaged, lostKey));
        assertEquals(
                2,
                rows.number(
                        "select count(*) from vault.quarantine where subject_id in (?, ?) and reason <> ''",
                        damaged.subject(),
                        lostKey.subject()));
        server.as("reader").read(damaged).problem(500, "integrity-failure");
        server.as("reader").read(lostKey).problem(500, "integrity-failure");
        everyTemplateOpens();
        assertEquals(List.of(), Invariants.broken(rows));
        eraseDamaged(damaged, lostKey);
        assertEquals("DRAINED", custodian.rotate(Json.createObjectBuilder()).getString("state"));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private List<String> rowsOf(Stored... stored) {
        List<String> found = new ArrayList<>();
        for (Stored one : stored) {
            found.addAll(rows.texts("select k::text from vault.subject_key k where subject_id = ?", one.subject()));
            found.addAll(rows.texts("select t::text from vault.template t where subject_id = ?", one.subject()));
        }
        return found;
    }

    private void eraseDamaged(Stored... stored) {
        for (Stored one : stored) {
            server.as("eraser").erase(one.subject(), "enrolment-error").expect(202);
        }
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
        custodian.steer(rotation, "resume").problem(409, "rotation-state");
        custodian.steer(rotation, "cancel").problem(409, "rotation-state");
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
        drained(rotation);
    }

    @Test
    void leavesWhatACancelledRotationDidNotMoveToTheNext() {
        String rotation = running();
        JsonObject cancelled = custodian.steer(rotation, "cancel").expect(200).json();
        assertEquals("CANCELLED", cancelled.getString("state"));
        assertTrue(cancelled.getInt("remaining") > 0, cancelled::toString);
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
    void goesOnAfterItsServerWasStoppedInOrder() {
        String rotation = running();
        server.stop();
        assertEquals("REENCRYPTING", stateInTheDatabase(rotation));
        server.start();
        drained(rotation);
    }

    private String stateInTheDatabase(String rotation) {
        return rows.texts("select state from vault.rotation where id = ?::uuid", rotation)
                .get(0);
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

    /** Sorting the subjects takes long in a large vault: a node may come back meanwhile that lacks the version. */
    @Test
    void asksTheNodesAgainBeforeItActivates() {
        DatabaseProxy proxy = SharedVault.mortal().proxy();
        String rotation;
        try (Hold ranges = proxy.holdAnswer("insert into vault.rotation_range")) {
            rotation = custodian.start(Json.createObjectBuilder());
            ranges.awaitHeld(PATIENCE);
            SilentNode.during(rows, () -> {
                ranges.release();
                TestHome.pause(Duration.ofSeconds(3));
                assertEquals("STAGED", stateInTheDatabase(rotation));
                return rotation;
            });
        }
        drained(rotation);
    }
}
