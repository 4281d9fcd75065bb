package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SoftToken;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Two servers on one database whose root keys are in one token. */
@Tag("nightly")
class TokenNodesIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private TestHome home;
    private SoftToken token;
    private List<VaultServer> servers = List.of();
    private Rows rows;

    @BeforeEach
    void start() {
        SoftToken.requireInstalled();
        home = TestHome.create("token-nodes");
        rows = new Rows(home);
        token = SoftToken.create(home.directory().resolve("softhsm2.conf"), home.directory());
        servers = List.of(on("a"), on("b"));
        servers.forEach(VaultServer::start);
    }

    private VaultServer on(String node) {
        return token.knownTo(VaultServer.on(home, node))
                .variable("VAULT_KEYSTORE", "token")
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0");
    }

    @AfterEach
    void stop() {
        servers.forEach(VaultServer::close);
        home.close();
    }

    /** The node that makes the root keys. */
    private VaultServer owner() {
        return servers.get(rows.holder("rotation").equals("node-a") ? 0 : 1);
    }

    private VaultServer other(VaultServer server) {
        return servers.get(server == servers.get(0) ? 1 : 0);
    }

    private void storeOn(VaultServer server, int version) {
        for (int i = 0; i < 5; i++) {
            byte[] bytes = TemplateDocument.noise(200, acknowledged.size());
            Stored stored = server.as("enroller").store(UUID.randomUUID(), OPEN, bytes);
            acknowledged.put(stored, bytes);
            assertEquals(
                    version,
                    rows.number("select kek_version from vault.subject_key where subject_id = ?", stored.subject()));
        }
    }

    private void everyTemplateOpensOnBoth() {
        for (VaultServer server : servers) {
            acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                    bytes, server.as("reader").read(stored).expect(200).bytes()));
        }
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private void rotatesTo(int version, VaultServer asked) {
        JsonObject ended = new Custodian(asked).rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertEquals(version, ended.getInt("toVersion"));
        assertEquals(List.of("PKCS11"), rows.texts("select key_store from vault.key_version where state = 'ACTIVE'"));
    }

    private List<String> holders(int version) {
        return rows.texts("select name from vault.node where ? = any(held) order by name", version);
    }

    private String alias(int version) {
        return rows.texts("select root_key_alias from vault.key_version where version = ?", version)
                .get(0);
    }

    @Test
    void useWhatTheOtherMadeInTheTokenAndDoWithoutWhatItDestroyed() {
        servers.forEach(server -> storeOn(server, 1));
        everyTemplateOpensOnBoth();

        rotatesTo(2, other(owner()));
        assertEquals(List.of("node-a", "node-b"), holders(2));
        servers.forEach(server -> storeOn(server, 2));
        everyTemplateOpensOnBoth();

        String first = alias(1);
        assertTrue(token.aliases().contains(first));
        new Approver(other(owner())).destroy(1);
        assertFalse(token.aliases().contains(first));
        TestHome.await("both have let it go", PATIENCE, () -> holders(1).isEmpty());
        servers.forEach(server -> storeOn(server, 2));
        everyTemplateOpensOnBoth();

        VaultServer stopped = owner();
        stopped.stop();
        rotatesTo(3, other(stopped));
        storeOn(other(stopped), 3);
        stopped.start();
        assertEquals(List.of("node-a", "node-b"), holders(3));
        servers.forEach(server -> storeOn(server, 3));
        everyTemplateOpensOnBoth();
        assertEquals(2, token.aliases().size());
    }
}
