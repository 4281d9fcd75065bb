package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Hold;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** What nodes leave alone that are cut off, were asleep or do not have a lease, and what the other does meanwhile. */
@Tag("long")
class FencedNodesIT extends TwoNodes {
    /** The last that PostgreSQL has heard of a session whose write is held. */
    private static final String BEFORE_WRITE = "select id from vault.rotation where id = ";

    private static final String WRITE = "update vault.subject_key k set dek_number = m.dek_number";

    /** It can move no subject, and must not give the rotation up for the one who can. */
    @Test
    @Tag("nightly")
    void leaveARotationAloneWhileTheyCannotHaveItsVersion() {
        copyKeyStore();
        proxy.refuse(true);
        proxy.dropAll();
        String id;
        try {
            TestHome.await("node a has the lease", PATIENCE, () -> owner() == a);
            id = running(a);
        } finally {
            proxy.refuse(false);
        }
        int active = rotation(a, id).getInt("toVersion");
        TestHome.await(
                "an acknowledged one is moved",
                PATIENCE,
                () -> !standing(true, active).isEmpty());
        new Custodian(a).changeRate(id, 1).expect(200);
        Stored moved = standing(true, active).get(0);
        TestHome.await(
                "node b reaches the database",
                PATIENCE,
                () -> b.as("reader").read(moved).text().contains("key-store-unavailable"));
        a.kill();
        try {
            TestHome.await(
                    "nobody takes the lease",
                    PATIENCE,
                    () -> rows.number("select count(*) from vault.lease where name = 'rotation'"
                                    + " and expires_at < clock_timestamp() - interval '20 seconds'")
                            == 1);
            assertEquals(
                    List.of("REENCRYPTING"), rows.texts("select state from vault.rotation where id = '" + id + "'"));
        } finally {
            a.start();
            copyKeyStore();
        }
        drained(a, id);
    }

    @Test
    void refuseTheWritesOfAnOwnerWhoWakesUp() throws Exception {
        stopTheOwnerInTheMiddleOfAWrite(Duration.ZERO);
    }

    @Test
    @Tag("chaos")
    void refuseTheWritesOfAnOwnerWhoWakesUpAfterAMinute() throws Exception {
        stopTheOwnerInTheMiddleOfAWrite(Duration.ofSeconds(60));
    }

    /** The write reaches PostgreSQL when another node has the lease; the owner hears of it when it wakes up. */
    private void stopTheOwnerInTheMiddleOfAWrite(Duration atLeast) throws Exception {
        String id = running(a);
        VaultServer stopped = owner();
        VaultServer left = other(stopped);
        Hold hold = proxyOf(stopped).holdStatement(WRITE);
        hold.awaitHeld(PATIENCE);
        long writer = rows.number("select pid from pg_stat_activity where usename = 'vault_app'"
                + " and state = 'idle in transaction' and backend_xid is not null and query like '" + BEFORE_WRITE
                + "%'"
                + " order by xact_start limit 1");
        signal(stopped, "STOP");
        Instant from = Instant.now();
        try {
            int before = done(left, id);
            // At once: what the new owner has moved already is refused for another reason.
            while (owner() != left) {
                assertTrue(Duration.between(from, Instant.now()).compareTo(TAKE_OVER) < 0, "nobody takes over");
                TestHome.pause(Duration.ofMillis(5));
            }
            hold.release();
            TestHome.pause(Duration.ofMillis(300));
            System.out.println("[nodes] the stopped owner: "
                    + rows.texts(
                            "select state || ', ' || left(query, 60) from pg_stat_activity where pid = ?", writer));
            assertEquals(
                    0,
                    rows.number(
                            "select count(*) from vault.subject_key k join pg_stat_activity s on s.backend_xid = k.xmax"
                                    + " where s.pid = ?",
                            writer),
                    "rows that the stopped owner has written");
            TestHome.await("the other node moves subjects", TAKE_OVER, () -> done(left, id) > before);
            System.out.println("[nodes] taken over after a stop in "
                    + Duration.between(from, Instant.now()).toMillis() + " ms");
            while (Duration.between(from, Instant.now()).compareTo(atLeast) < 0) {
                TestHome.pause(Duration.ofMillis(200));
            }
        } finally {
            signal(stopped, "CONT");
        }
        TestHome.await(
                "the woken node answers", PATIENCE, () -> stopped.client().isReady());
        drained(left, id);
        assertEquals("DRAINED", rotation(stopped, id).getString("state"));
        assertEquals(rotation(left, id).getInt("total"), rotation(left, id).getInt("done"));
    }

    private static void signal(VaultServer server, String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(server.pid())).start();
        assertEquals(0, kill.waitFor());
    }

    @Test
    void makeNoRootKeyWithoutTheLeaseOfTheKeyStore() {
        String versions = "select count(*) from vault.key_version";
        long before = rows.number(versions);
        rows.change("insert into vault.lease as l values ('key-store', gen_random_uuid(), 1, now() + interval '1 hour')"
                + " on conflict (name) do update set owner = excluded.owner, token = l.token + 1,"
                + " expires_at = excluded.expires_at");
        String id = new Custodian(a).start(Json.createObjectBuilder());
        TestHome.await(
                "the rotation waits for the key store",
                PATIENCE,
                () -> rotation(a, id).toString().contains("\"waitingFor\":[\"the key store of node-"));
        assertEquals("REQUESTED", rotation(a, id).getString("state"));
        assertEquals(before, rows.number(versions));
        rows.change("update vault.lease set expires_at = now() where name = 'key-store'");
        drained(a, id);
        assertFalse(rotation(a, id).containsKey("waitingFor"));
    }

    /** The acknowledged templates that stand under a version, or under any other. */
    private List<Stored> standing(boolean under, int version) {
        List<String> subjects = rows.texts(
                "select subject_id::text from vault.subject_key where (kek_version = ?) = ?", version, under);
        return acknowledged.keySet().stream()
                .filter(stored -> subjects.contains(stored.subject().toString()))
                .toList();
    }

    /** A fenced node reads, and seals under the DEKs that there are; it makes none, and none that a compromise asks for. */
    @ParameterizedTest
    @ValueSource(strings = {"manual", "compromise"})
    void doNotWaitForANodeThatIsCutOffFromTheDatabaseAndFenceIt(String reason) {
        copyKeyStore();
        proxy.refuse(true);
        proxy.dropAll();
        String id;
        int active;
        try {
            TestHome.await("node a has the lease", PATIENCE, () -> owner() == a);
            id = new Custodian(a).start(rate(20).add("reason", reason));
            active = rotationInTheMiddle(id);
        } finally {
            proxy.refuse(false);
        }
        // The key store of node b does not have the new root key yet.
        Stored moved = standing(true, active).get(0);
        TestHome.await(
                "node b reaches the database",
                PATIENCE,
                () -> b.as("reader").read(moved).text().contains("key-store-unavailable"));
        for (Stored left : standing(false, active)) {
            assertArrayEquals(
                    acknowledged.get(left),
                    b.as("reader").read(left).expect(200).bytes());
            if (reason.equals("compromise")) {
                refusesToStoreFor(left.subject());
            } else {
                store(b, left.subject(), 76);
            }
        }
        refusesToStoreFor(UUID.randomUUID());
        copyKeyStore();
        TestHome.await(
                "node b has the new root key",
                PATIENCE,
                () -> b.as("reader").read(moved).status() == 200);
        store(b, 77);
        new Custodian(a).steer(id, "resume").expect(200);
        drained(a, id);
        assertEquals(0, rows.number("select count(*) from vault.subject_key where kek_version <> ?", active));
    }

    /** Paused when some of the acknowledged templates are moved and some are not; the version it leads to. */
    private int rotationInTheMiddle(String id) {
        TestHome.await("some are moved", PATIENCE, () -> done(a, id) > 0);
        int active = rotation(a, id).getInt("toVersion");
        TestHome.await(
                "an acknowledged one is moved",
                PATIENCE,
                () -> !standing(true, active).isEmpty());
        new Custodian(a).steer(id, "pause").expect(200);
        new Custodian(a).await(id, "PAUSED");
        assertFalse(standing(false, active).isEmpty());
        return active;
    }

    private static void refusesToStoreFor(UUID subject) {
        Answer refused = b.as("enroller")
                .post("/subjects/" + subject + "/templates?" + OPEN)
                .octets(new byte[] {1})
                .send();
        refused.problem(503);
        assertFalse(refused.header("Retry-After").isEmpty());
    }

    /** As after a promotion that has lost the version which node b knows: its number is given again. */
    @Test
    void doNotTakeAKeyForAnotherOfTheSameNumber() {
        int version = SilentNode.during(rows, () -> {
            String lost = new Custodian(a).start(Json.createObjectBuilder());
            int staged = rotation(a, lost).getInt("toVersion");
            TestHome.await(
                    "node b holds the version",
                    PATIENCE,
                    () -> rows.number("select count(*) from vault.node where name = 'node-b' and ? = any(held)", staged)
                            == 1);
            new Custodian(a).steer(lost, "cancel").expect(200);
            return staged;
        });
        proxy.refuse(true);
        try {
            TestHome.await("node b is cut off", PATIENCE, () -> !b.client().isReady());
            for (String table : List.of("wrap_count", "key_material", "key_version")) {
                String column = table.equals("wrap_count") ? "kek_version" : "version";
                rows.change("delete from vault." + table + " where " + column + " = ?", version);
            }
            TestHome.await("node a has the lease", PATIENCE, () -> owner() == a);
            String made = new Custodian(a).start(Json.createObjectBuilder());
            drained(a, made);
            assertEquals(version, rotation(a, made).getInt("toVersion"));
        } finally {
            proxy.refuse(false);
        }
        TestHome.await("node b reaches the database", PATIENCE, () -> b.client().isReady());
        for (int i = 0; i < 5; i++) {
            store(b, 80 + i);
        }
    }
}
