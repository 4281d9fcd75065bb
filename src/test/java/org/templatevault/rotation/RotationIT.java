package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.BatchApi;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

class RotationIT extends EnrolledVault {
    private final BatchApi batch = new BatchApi(server);

    RotationIT() {
        super(40, 300);
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
                assertFalse(rows.holder("rotation").isEmpty(), "the node has the lease again");
                TestHome.pause(Duration.ofMillis(1500));
            }
        }
        int version = custodian.drained(rotation).getInt("toVersion");
        assertEquals(0, rows.number("select count(*) from vault.service_key where kek_version < ?", version));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    @Test
    void rotatesFiveTimesInARowInBothModesAndSuites() {
        for (int i = 0; i < 5; i++) {
            String suite = i % 2 == 0 ? "AES_256_GCM" : "CHACHA20_POLY1305";
            boolean reencrypt = i % 2 == 0 || i == 3;
            int before = (int) rows.number("select max(version) from vault.key_version where state = 'ACTIVE'");
            long next = rows.number("select max(version) + 1 from vault.key_version");
            JsonObject ended = custodian.rotate(Json.createObjectBuilder()
                    .add("mode", reencrypt ? "reencrypt" : "rewrap")
                    .add("suite", suite));
            assertEquals("DRAINED", ended.getString("state"));
            assertEquals(before, ended.getInt("fromVersion"));
            assertEquals(next, ended.getInt("toVersion"));
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
            for (String verb : List.of("pause", "resume")) {
                custodian.steer(rotation, verb).problem(409, "rotation-state");
            }
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
