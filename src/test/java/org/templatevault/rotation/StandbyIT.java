package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseCopy;
import org.templatevault.testing.DatabaseCopy.Cluster;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Real standbys of the vault's database, and databases that were promoted or restored. */
@Tag("long")
class StandbyIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** How many subjects the one part moves at most every ten seconds while it gives way. */
    private static final int PAGE_WHILE_IT_LAGS = 20;

    private static TestHome home;
    private static DatabaseProxy proxy;
    private static VaultServer server;
    private static Custodian custodian;
    /** The database that the server uses now. */
    private static Cluster primary;

    private static Runnable killPrimary;

    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();

    @BeforeAll
    static void start() {
        home = TestHome.create("standby");
        primary = Cluster.of(home);
        killPrimary = StandbyIT::stopFirst;
        rows().change("grant pg_monitor to vault_app");
        proxy = DatabaseProxy.before(primary.port());
        server = VaultServer.on(home)
                .through(proxy)
                .variable("VAULT_BACKOFF_LAG_SECONDS", "1")
                .variable("VAULT_ROTATION_PARTITIONS", "1")
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                .start();
        custodian = new Custodian(server);
        // The server makes the tables of its jobs when they are first used; no test may stop the database meanwhile.
        custodian.rotate(Json.createObjectBuilder());
    }

    private static void stopFirst() {
        try {
            home.database().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    static void stop() {
        server.close();
        home.close();
    }

    @AfterEach
    void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows()));
    }

    private static Rows rows() {
        return new Rows(primary.superuser());
    }

    private void store(int count) {
        for (int i = 0; i < count; i++) {
            byte[] bytes = TemplateDocument.noise(200, acknowledged.size());
            acknowledged.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    private static int active() {
        return (int) rows().number("select version from vault.key_version where state = 'ACTIVE'");
    }

    private int leaveAVersion() {
        store(5);
        return custodian.rotate(Json.createObjectBuilder()).getInt("fromVersion");
    }

    private static JsonObject destruction(int version) {
        return server.as("auditor")
                .get("/keys/" + version + "/destruction")
                .send()
                .expect(200)
                .json();
    }

    private static void waitsFor(String standby, int version) {
        TestHome.await(
                "the destruction waits for " + standby,
                PATIENCE,
                () -> destruction(version)
                        .getJsonArray("waitingFor")
                        .toString()
                        .contains(standby + " to replay up to "));
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals("MATERIAL_GONE", destruction(version).getString("state"));
        assertEquals(0, rows().number("select count(*) from vault.key_material where version = ?", version));
        assertEquals(
                "DESTROYING",
                rows().texts("select state from vault.key_version where version = ?", version)
                        .get(0));
    }

    private static void isDestroyed(int version) {
        TestHome.await(
                "it goes on",
                PATIENCE,
                () -> destruction(version).getString("state").equals("DESTROYED"));
    }

    @Test
    void destroysNothingBeforeAConnectedStandbyHasReplayedTheDeletion() {
        int version = leaveAVersion();
        DatabaseCopy standby = DatabaseCopy.standby(home, primary, "slow");
        try {
            standby.pauseReplay();
            new Approver(server).beginDestruction(version);
            waitsFor("slow", version);
            Rows there = new Rows(standby.superuser());
            assertEquals(1, there.number("select count(*) from vault.key_material where version = ?", version));
            standby.resumeReplay();
            isDestroyed(version);
            assertEquals(0, there.number("select count(*) from vault.key_material where version = ?", version));
        } finally {
            standby.forget();
        }
    }

    @Test
    void destroysNothingBeforeAStandbyThatIsAwayHasComeBack() {
        int version = leaveAVersion();
        DatabaseCopy standby = DatabaseCopy.standby(home, primary, "away");
        try {
            standby.stop();
            new Approver(server).beginDestruction(version);
            waitsFor("away", version);
            standby.start();
            isDestroyed(version);
        } finally {
            standby.forget();
        }
    }

    /** It has received the deletion and not applied it: promoted, it would have the rows from before. */
    @Test
    void destroysNothingWhileAStandbyThatReceivedTheDeletionIsAway() {
        int version = leaveAVersion();
        DatabaseCopy standby = DatabaseCopy.standby(home, primary, "delayed");
        try {
            standby.pauseReplay();
            new Approver(server).beginDestruction(version);
            waitsFor("delayed", version);
            standby.stop();
            waitsFor("delayed", version);
            standby.start();
            isDestroyed(version);
        } finally {
            standby.forget();
        }
    }

    @Test
    void rotatesSlowlyWhileAStandbyLagsAndSaysSo() {
        store(200);
        DatabaseCopy standby = DatabaseCopy.standby(home, primary, "lagging");
        try {
            standby.awaitCaughtUp();
            String rotation = custodian.start(Json.createObjectBuilder().add("rate", 5));
            custodian.await(rotation, "REENCRYPTING");
            standby.pauseReplay();
            TestHome.await(
                    "it backs off",
                    PATIENCE,
                    () -> custodian
                            .get(rotation)
                            .getString("backingOff", "")
                            .contains("VAULT_BACKOFF_LAG_SECONDS is 1"));
            custodian.changeRate(rotation, null).expect(200);
            int before = custodian.get(rotation).getInt("remaining");
            TestHome.pause(Duration.ofSeconds(8));
            JsonObject slow = custodian.get(rotation);
            assertTrue(
                    before > 100 && slow.getInt("remaining") >= before - 2 * PAGE_WHILE_IT_LAGS,
                    () -> before + " were left 8 s before " + slow);
            JsonObject paused = custodian.steer(rotation, "pause").expect(200).json();
            assertFalse(paused.containsKey("backingOff"), paused::toString);
            custodian.changeRate(rotation, 5).expect(200);
            custodian.steer(rotation, "resume").expect(200);
            TestHome.await(
                    "it backs off again",
                    PATIENCE,
                    () -> custodian.get(rotation).containsKey("backingOff"));
            standby.resumeReplay();
            TestHome.await(
                    "it does not back off any more",
                    PATIENCE,
                    () -> !custodian.get(rotation).containsKey("backingOff"));
            custodian.changeRate(rotation, null).expect(200);
            JsonObject ended = custodian.end(rotation);
            assertEquals("DRAINED", ended.getString("state"), ended::toString);
        } finally {
            standby.forget();
        }
    }

    @Test
    void makesANewVersionBeforeTheFirstWrapInAPromotedStandby() {
        store(5);
        DatabaseCopy standby = DatabaseCopy.standby(home, primary, "promoted");
        standby.awaitCaughtUp();
        killPrimary.run();
        standby.promote();
        goesOnIn(standby);
    }

    @Test
    void makesANewVersionBeforeTheFirstWrapInARestoredBackup() {
        store(5);
        DatabaseCopy restored = DatabaseCopy.restored(home, primary, "restored");
        killPrimary.run();
        goesOnIn(restored);
    }

    private void goesOnIn(DatabaseCopy other) {
        int before = active(other);
        String identity = "select system_identifier || ' ' || timeline from vault.database_identity";
        String counted = new Rows(other.superuser()).texts(identity).get(0);
        primary = other.cluster();
        killPrimary = other::stop;
        proxy.pointTo(primary.port());
        TestHome.await(
                "the server has found the database",
                PATIENCE,
                () -> server.client().isReady());
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
        JsonObject newest = server.as("operator")
                .get("/rotations")
                .send()
                .expect(200)
                .json()
                .getJsonArray("rotations")
                .getJsonObject(0);
        JsonObject ended = custodian.end(newest.getString("id"));
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertEquals("rewrap", ended.getString("mode"));
        assertEquals("vault: another database", ended.getString("requestedBy"));
        assertNotEquals(counted, rows().texts(identity).get(0), "the new timeline is not recorded");
        assertEquals(
                0,
                rows().number(
                                "select count(*) from vault.subject_count where kek_version = ? and kind = 'CREATED' and at >"
                                        + " (select requested_at from vault.rotation where id = ?::uuid)",
                                before,
                                UUID.fromString(ended.getString("id"))),
                "wraps under the version whose counts may be short");
    }

    private static int active(DatabaseCopy of) {
        return (int) new Rows(of.superuser()).number("select version from vault.key_version where state = 'ACTIVE'");
    }
}
