package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultServer;

/** kill -9 when a step of a destruction is done but for its commit. */
@Tag("nightly")
class DestructionKillIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final VaultServer server = vault.server();
    private final Rows rows = new Rows(vault.home());

    /** Where the lease is given back, the root key is gone from the key store's file, and no row says so. */
    @ParameterizedTest
    @CsvSource({
        "update vault.destruction set reached_id, PASSING, true",
        "delete from vault.key_material, WAITING, true",
        "update vault.destruction set gone_at_lsn, MATERIAL_GONE, true",
        "update vault.lease set expires_at, REPLAYED, false",
        "insert into vault.certificate, ROOT_KEY_GONE, false"
    })
    void doesTheStepAgainAfterAKillBeforeItsCommit(String statement, String state, boolean rootKeyIsThere) {
        server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", new byte[200]);
        KeyVersion version = new KeyVersion(
                server, new Custodian(server).rotate(Json.createObjectBuilder()).getInt("fromVersion"));
        String rootKey = text("select root_key_alias from vault.key_version where version = ?", version);
        assertTrue(vault.home().rootKeys().contains(rootKey));
        try (var hold = vault.proxy().holdStatementAfter(statement, "commit")) {
            new Approver(server).beginDestruction(version.number());
            hold.awaitHeld(PATIENCE);
            assertEquals(rootKeyIsThere, vault.home().rootKeys().contains(rootKey));
            server.kill();
            hold.drop();
        }
        String reached = text("select state from vault.destruction where version = ?", version);
        server.start();
        assertEquals(state, reached);
        version.await("DESTROYED");
        assertEquals("DESTROYED", version.get().getString("state"));
        assertEquals(version.number(), version.certificate().getInt("version"));
        assertFalse(vault.home().rootKeys().contains(rootKey));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private String text(String query, KeyVersion version) {
        return rows.texts(query, version.number()).get(0);
    }
}
