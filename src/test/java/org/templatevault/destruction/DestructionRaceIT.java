package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultServer;

/** A node whose lease ran out while its statement was under way: what another has done meanwhile stands. */
class DestructionRaceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final VaultServer server = vault.server();
    private final DatabaseProxy proxy = vault.proxy();
    private final Rows rows = new Rows(vault.home());
    private final Approver approver = new Approver(server);
    private KeyVersion version;

    @BeforeEach
    void leaveAVersion() {
        server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", new byte[] {1});
        version = new KeyVersion(
                server, new Custodian(server).rotate(Json.createObjectBuilder()).getInt("fromVersion"));
    }

    @AfterEach
    void everyRowIsSound() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    @Test
    void countsAPageOfTheFullPassOnce() {
        try (var page = proxy.holdStatement("update vault.destruction set reached_id")) {
            approver.beginDestruction(version.number());
            page.awaitHeld(PATIENCE);
            rows.change(
                    "update vault.destruction set reached_id = (select max(subject_id::text)::uuid from vault.subject_key),"
                            + " subjects = 1, templates = 7 where version = ?",
                    version.number());
        }
        JsonObject ended = version.await("DESTROYED");
        assertEquals(7, ended.getInt("templatesOpened"), ended::toString);
        assertEquals(7, version.certificate().getJsonObject("pass").getInt("templates"));
    }

    @Test
    void leavesAVersionOfWhichTheDestructionHasEnded() {
        try (var begin = proxy.holdStatement("update vault.destruction set state")) {
            approver.beginDestruction(version.number());
            begin.awaitHeld(PATIENCE);
            rows.change(
                    "update vault.destruction set state = 'CANCELLED', ended_at = now() where version = ?",
                    version.number());
        }
        approver.destroy(version.number());
    }
}
