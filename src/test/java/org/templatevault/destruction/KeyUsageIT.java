package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** What people look at before they ask for the end of a version: its use, and the backups that need it. */
class KeyUsageIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern RESTORABLE_SINCE =
            Pattern.compile("(?m)^vault_restorable_since_seconds\\{[^}]*} (\\S+)$");

    private final VaultServer server = SharedVault.mortal().server();
    private final DatabaseProxy proxy = SharedVault.mortal().proxy();
    private final Custodian custodian = new Custodian(server);
    private final Rows rows = new Rows(SharedVault.mortal().home());

    private JsonObject rotate() {
        return custodian.rotate(Json.createObjectBuilder());
    }

    private void store() {
        server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", new byte[] {1});
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }

    private static Instant time(JsonObject usage, String name) {
        return Instant.parse(usage.getString(name));
    }

    private static void assertBetween(Instant from, Instant to, JsonObject usage, String name) {
        Instant time = time(usage, name);
        assertFalse(time.isBefore(from) || time.isAfter(to), () -> from + " " + to + " " + usage);
    }

    /** The store has its row already, which nobody sees, and has not asked yet whether the version is still active. */
    @Test
    void tellsTheOldestTransactionThatCouldStillAddARow() {
        KeyVersion version = KeyVersion.active(server);
        Instant before = now();
        try (var hold = proxy.holdStatementAfter(
                "insert into vault.subject_key", "select version from vault.key_version where version")) {
            CompletableFuture<Void> storing = CompletableFuture.runAsync(this::store);
            hold.awaitHeld(PATIENCE);
            Instant held = now();
            assertBetween(before, held, version.usage(), "oldestTransaction");
            assertEquals(version.number(), rotate().getInt("fromVersion"));
            JsonObject left = version.usage();
            assertFalse(left.getBoolean("used"), left::toString);
            assertBetween(before, held, left, "oldestTransaction");
            hold.release();
            storing.join();
        }
        JsonObject left = version.usage();
        assertFalse(left.containsKey("oldestTransaction"), left::toString);
    }

    @Test
    void tellsWhenAVersionWrappedLastAndWasLeft() {
        rotate();
        KeyVersion version = KeyVersion.active(server);
        Instant before = now();
        store();
        JsonObject used = version.usage();
        assertTrue(used.getBoolean("used"), used::toString);
        assertBetween(before, now(), used, "lastWrapAt");
        assertFalse(used.containsKey("lastLeftAt"), used::toString);
        JsonObject rotation = rotate();
        JsonObject left = version.usage();
        assertFalse(left.getBoolean("used"), left::toString);
        assertEquals(time(used, "lastWrapAt"), time(left, "lastWrapAt"));
        assertEquals(time(rotation, "endedAt"), time(left, "lastLeftAt").truncatedTo(ChronoUnit.MILLIS));
    }

    @Test
    void showsRowsAndBackupsAtOnePointInTime() {
        KeyVersion version = KeyVersion.active(server);
        String copy;
        try (var hold = proxy.holdStatement("select c.*, count(*) over () as found from vault.copy")) {
            CompletableFuture<JsonObject> usage = CompletableFuture.supplyAsync(version::usage);
            hold.awaitHeld(PATIENCE);
            copy = server.as("operator").registerCopy("database", now());
            hold.release();
            JsonObject seen = usage.join();
            assertFalse(seen.toString().contains(copy), seen::toString);
        }
        JsonObject seen = version.usage();
        assertTrue(seen.toString().contains(copy), seen::toString);
    }

    @Test
    void tellsInAMetricSinceWhenABackupOpensWhole() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
        new Approver(server).destroy(rotate().getInt("fromVersion"));
        assertTrue(restorableSince().isNull("restorableSince"));
        awaitMetric(0);
        String copy = server.as("operator").registerCopy("database", now());
        JsonObject since = restorableSince();
        assertEquals(copy, since.getJsonObject("copy").getString("id"), since::toString);
        awaitMetric(time(since, "restorableSince").getEpochSecond());
    }

    /** The last rotation that moved its subjects was cancelled in its end: nothing else says when it was left. */
    @Test
    void namesNoBackupFromBeforeACancelledRotationEmptiedAVersion() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
        String id;
        try (var hold = proxy.holdStatement("count(*) filter (where q.subject_id is null) as remaining")) {
            id = custodian.start();
            hold.awaitHeld(PATIENCE);
            server.as("operator").registerCopy("database", now());
        }
        JsonObject rotation = custodian.drained(id);
        rows.change("update vault.rotation set state = 'CANCELLED' where id = ?::uuid", id);
        new Approver(server).destroy(rotation.getInt("fromVersion"));
        assertTrue(
                restorableSince().isNull("restorableSince"),
                () -> restorableSince().toString());
    }

    private JsonObject restorableSince() {
        return server.as("operator")
                .get("/keys/restorable-since")
                .send()
                .expect(200)
                .json();
    }

    private void awaitMetric(long seconds) {
        TestHome.await("the metric is " + seconds, PATIENCE, () -> metric() == seconds);
    }

    private double metric() {
        String metrics = server.as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text();
        Matcher line = RESTORABLE_SINCE.matcher(metrics);
        assertTrue(line.find(), metrics);
        return Double.parseDouble(line.group(1));
    }
}
