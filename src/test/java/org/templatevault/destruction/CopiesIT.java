package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.SilentNode;

/** The registered backups: what a destruction makes useless, and what it waits for. */
class CopiesIT extends LeftVersion {
    @Override
    void enrol() {
        server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[200]);
    }

    @Test
    void waitsForNewerBackupsAndCanBeTakenBackUntilThen() {
        String approval = askAndApprove(false);
        JsonObject waiting = left.await("WAITING");
        assertEquals("DESTROYING", left.get().getString("state"));
        assertEquals(2, waiting.getJsonArray("waitingFor").size(), waiting::toString);
        server.as("key-custodian")
                .post("/approvals/" + approval + ":cancel")
                .send()
                .expect(200);
        left.await("CANCELLED");
        assertEquals("DEACTIVATED", left.get().getString("state"));

        forgetCopies();
        Instant before = Instant.parse(left.get().getString("createdAt"));
        register("database", before);
        askAndApprove(false);
        left.await("WAITING");
        register("database", Instant.now());
        register("keystore", Instant.now());
        left.await("DESTROYED");
        JsonObject since = restorableSince();
        assertTrue(Instant.parse(since.getString("restorableSince")).isAfter(before), since::toString);
    }

    private void forgetCopies() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
    }

    /** It holds rows under a version that was destroyed since: whoever waits for it would be left with no whole one. */
    @Test
    void waitsForABackupThatOpens() {
        forgetCopies();
        register("database", Instant.now());
        register("keystore", Instant.now());
        approver.destroy(leaveAnother().number());
        askAndApprove(false);
        JsonObject waiting = left.await("WAITING");
        assertEquals(1, waiting.getJsonArray("waitingFor").size(), waiting::toString);
        assertTrue(waiting.getJsonArray("waitingFor").getString(0).contains("that opens whole"), waiting::toString);
        register("database", Instant.now());
        JsonObject keys = left.destruction();
        assertTrue(keys.getJsonArray("waitingFor").getString(0).contains("the keystore taken after"), keys::toString);
        register("keystore", Instant.now());
        left.await("DESTROYED");
    }

    /** No row ever stood under it. */
    @Test
    void losesNoBackupByTheEndOfAVersionThatNeverWasActive() {
        forgetCopies();
        int never = SilentNode.during(rows, () -> {
            String asked = custodian.start(Json.createObjectBuilder());
            custodian.await(asked, "STAGED");
            custodian.steer(asked, "cancel").expect(200);
            return custodian.get(asked).getInt("toVersion");
        });
        register("database", Instant.now());
        custodian.rotate(Json.createObjectBuilder());
        assertEquals(0, version(never).usage().getInt("uselessInAll"));
        approver.destroy(never);
        assertFalse(
                restorableSince().isNull("restorableSince"),
                () -> restorableSince().toString());
        assertEquals(0, version(never).certificate().getInt("uselessCopiesInAll"));
    }

    /** A log has its last record when it is registered, at the latest. */
    @Test
    void countsACopyForTheVersionsThatWereMadeWhileItWasTaken() {
        forgetCopies();
        server.as("operator").registerCopy("wal", Instant.now().minus(Duration.ofHours(1)));
        assertEquals(1, KeyVersion.active(server).usage().getInt("uselessInAll"));
    }

    /** It has the key store of some time until its registration. */
    @Test
    void namesACopyOfTheKeyStoreThatWasBegunBeforeTheRootKeyWasMade() {
        String copy = server.as("operator").registerCopy("keystore", Instant.now());
        rows.change(
                "update vault.copy set taken_at = (select created_at - interval '1 hour' from vault.key_version"
                        + " where version = ?) where id = ?",
                left.number(),
                UUID.fromString(copy));
        approver.destroy(left.number());
        assertTrue(
                left.certificate().getJsonArray("keyStoreCopies").toString().contains(copy),
                () -> left.certificate().toString());
    }

    /** The clock of who makes backups may be ahead. */
    @Test
    void takesABackupForNoNewerThanItsRegistration() {
        forgetCopies();
        register("database", Instant.now().plus(Duration.ofMinutes(4)));
        register("keystore", Instant.now().plus(Duration.ofMinutes(4)));
        left = leaveAnother();
        askAndApprove(false);
        JsonObject waiting = left.await("WAITING");
        assertEquals(2, waiting.getJsonArray("waitingFor").size(), waiting::toString);
        assertEquals(1, left.usage().getInt("uselessInAll"));
        register("database", Instant.now());
        register("keystore", Instant.now());
        left.await("DESTROYED");
    }

    @Test
    void listsCopiesByPages() {
        forgetCopies();
        rows.change("insert into vault.copy (id, kind, name, taken_at, expires_at, registered_by, registered_at)"
                + " select gen_random_uuid(), 'wal', 'many', now(), now() + interval '1 hour', 'tests', now()"
                + " from generate_series(1, 1100)");
        try {
            JsonObject page = copies("");
            JsonObject rest = copies("?cursor=" + page.getString("next"));
            assertFalse(rest.containsKey("next"), rest::toString);
            Set<String> ids = new HashSet<>();
            for (JsonObject one : List.of(page, rest)) {
                one.getJsonArray("copies").getValuesAs(JsonObject.class).forEach(copy -> ids.add(copy.getString("id")));
            }
            assertEquals(1000, page.getJsonArray("copies").size());
            assertEquals(1100, ids.size());
            JsonObject usage = KeyVersion.active(server).usage();
            assertEquals(1000, usage.getJsonArray("uselessAfterDestruction").size());
            assertEquals(1100, usage.getInt("uselessInAll"));
        } finally {
            rows.change("delete from vault.copy where name = 'many'");
        }
    }

    private JsonObject copies(String query) {
        return server.as("auditor").get("/copies" + query).send().expect(200).json();
    }

    private JsonObject restorableSince() {
        return server.as("operator")
                .get("/keys/restorable-since")
                .send()
                .expect(200)
                .json();
    }

    @Test
    void saysBeforeARotationBeginsHowFarBackTheBackupsWillReach() {
        forgetCopies();
        register("database", Instant.now());
        register("wal", Instant.now());
        String keyStore = server.as("operator").registerCopy("keystore", Instant.now());
        JsonObject asked = custodian
                .ask(Json.createObjectBuilder().add("mode", "reencrypt"))
                .expect(202)
                .json();
        JsonObject reach = asked.getJsonObject("restorableSince");
        assertEquals(restorableSince().get("restorableSince"), reach.get("now"), asked::toString);
        assertTrue(reach.isNull("after"), asked::toString);
        assertTrue(reach.getInt("copiesLost") >= 2, asked::toString);
        left = version(custodian.end(asked.getString("id")).getInt("fromVersion"));

        Instant after = Instant.now().truncatedTo(ChronoUnit.MICROS);
        register("database", after);
        register("database", Instant.now());
        reach = custodian.get(asked.getString("id")).getJsonObject("restorableSince");
        assertEquals(after, Instant.parse(reach.getString("after")), reach::toString);
        int lost = reach.getInt("copiesLost");
        JsonObject usage = left.usage();
        List<String> useless = usage.getJsonArray("uselessAfterDestruction").getValuesAs(JsonObject.class).stream()
                .map(copy -> copy.getString("kind"))
                .toList();
        assertTrue(useless.containsAll(List.of("database", "wal")), usage::toString);
        assertFalse(useless.contains("keystore"), usage::toString);

        askAndApprove(true);
        left.await("DESTROYED");
        assertEquals(after, Instant.parse(restorableSince().getString("restorableSince")));
        JsonObject certificate = left.certificate();
        assertEquals(useless.size(), certificate.getJsonArray("uselessCopies").size(), certificate::toString);
        assertTrue(lost >= useless.size(), () -> lost + " are lost, of this version " + useless);
        assertTrue(
                certificate.getJsonArray("keyStoreCopies").getValuesAs(JsonObject.class).stream()
                        .anyMatch(copy -> copy.getString("id").equals(keyStore)),
                certificate::toString);
        String notAttested = certificate.getString("notAttested");
        assertTrue(
                notAttested.contains("that nobody registered")
                        && notAttested.contains("registered copies of the key store")
                        && notAttested.contains("is useless as a whole"),
                notAttested);
    }
}
