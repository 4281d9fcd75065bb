package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A wrapped DEK that does not open keeps its version until it is repaired, or two people give its subject up. */
class QuarantinedKeyIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Approver approver = new Approver(server);

    private Stored damaged() {
        Stored stored = server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", new byte[] {1});
        flipABit(stored.subject());
        return stored;
    }

    private void flipABit(UUID subject) {
        rows.change(
                "update vault.subject_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
                        + " where subject_id = ?",
                subject);
    }

    private JsonObject leaveBehind() {
        JsonObject rotation = new Custodian(server).rotate(Json.createObjectBuilder());
        assertEquals("DRAINED_WITH_QUARANTINE", rotation.getString("state"), rotation::toString);
        return rotation;
    }

    @Test
    void keepsItsVersionUntilItIsRepaired() {
        Stored damaged = damaged();
        KeyVersion version = new KeyVersion(server, leaveBehind().getInt("fromVersion"));
        version.ask().problem(409, "key-in-use");
        flipABit(damaged.subject());
        server.as("operator")
                .post("/quarantine/" + quarantineRow(damaged.subject()) + ":retry")
                .send()
                .expect(204);
        assertStands(0, version.usage());
        approver.destroy(version.number());
        assertEquals(0, version.certificate().getInt("released"));
        assertArrayEquals(
                new byte[] {1}, server.as("reader").read(damaged).expect(200).bytes());
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private String quarantineRow(UUID subject) {
        return rows.texts("select id::text from vault.quarantine where subject_id = ?", subject)
                .get(0);
    }

    @Test
    void keepsItsVersionUntilItIsReleasedAndTheCertificateCountsIt() {
        Stored damaged = damaged();
        JsonObject rotation = leaveBehind();
        KeyVersion version = new KeyVersion(server, rotation.getInt("fromVersion"));
        assertStands(1, version.usage());

        JsonObject refused = version.ask().problem(409, "key-in-use");
        assertTrue(
                refused.getString("detail").endsWith(": 1 rows of subject_key, 0 rows of service_key"),
                refused::toString);
        assertEquals("DEACTIVATED", version.get().getString("state"));

        release(damaged.subject());
        server.as("reader").read(damaged).problem(410, "subject-erased");
        JsonObject left = version.usage();
        assertStands(0, left);
        Instant lastLeft = Instant.parse(left.getString("lastLeftAt"));
        assertTrue(lastLeft.isAfter(Instant.parse(rotation.getString("endedAt"))), left::toString);

        approver.destroy(version.number());
        JsonObject certificate = version.certificate();
        assertEquals(1, certificate.getInt("released"), certificate::toString);
        assertEquals(0, certificate.getJsonObject("references").getInt("subject_key"), certificate::toString);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private static void assertStands(int subjects, JsonObject usage) {
        assertEquals(subjects, usage.getJsonObject("references").getInt("subject_key"), usage::toString);
        assertEquals(subjects, usage.getInt("quarantined"), usage::toString);
        assertEquals(subjects > 0, usage.getBoolean("used"), usage::toString);
    }

    private void release(UUID subject) {
        String approval = server.as("key-custodian")
                .post("/quarantine/" + quarantineRow(subject) + ":release")
                .send()
                .expect(202)
                .json()
                .getString("id");
        approver.approve(approval);
        TestHome.await(
                "it is released",
                PATIENCE,
                () -> approver.get(approval).getString("state").equals("CARRIED_OUT"));
    }
}
