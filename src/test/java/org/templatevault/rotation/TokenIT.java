package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SoftToken;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Root keys in a token: while it is there, while it is away, and on the way from and to the file. */
@Tag("long")
class TokenIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private TestHome home;
    private SoftToken token;
    private VaultServer server;
    private Custodian custodian;
    private Rows rows;

    @BeforeEach
    void prepare() {
        SoftToken.requireInstalled();
        home = TestHome.create("token");
        token = SoftToken.create(home.directory().resolve("softhsm2.conf"), home.directory());
        server = token.knownTo(VaultServer.on(home));
        custodian = new Custodian(server);
        rows = new Rows(home);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private void restart(String keyStore) {
        server.close();
        server.variable("VAULT_KEYSTORE", keyStore).start();
    }

    private void refusesToStart(String sentence) {
        server.close();
        int before = server.console().length();
        assertEquals(78, server.launch().awaitExit(PATIENCE), server::console);
        String console = server.console().substring(before);
        assertTrue(console.contains("Template Vault refuses to start: " + sentence), console);
        assertFalse(console.contains(SoftToken.PIN), "the PIN was logged");
    }

    private void store(int howMany) {
        for (int i = 0; i < howMany; i++) {
            byte[] bytes = TemplateDocument.noise(200 + i, acknowledged.size());
            acknowledged.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    private void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private void rotate() {
        JsonObject ended = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
    }

    private String keyStoreOfTheActiveVersion() {
        return rows.texts("select key_store from vault.key_version where state = 'ACTIVE'")
                .get(0);
    }

    private boolean healthSaysReachable() {
        return server
                .client()
                .callOutside("GET", "/health/ready")
                .send()
                .expect(200)
                .json()
                .getJsonArray("checks")
                .getValuesAs(JsonObject.class)
                .stream()
                .filter(check -> check.getString("name").equals("key-store"))
                .allMatch(check -> check.getJsonObject("data").getBoolean("PKCS11"));
    }

    @Test
    void servesWhileTheTokenIsAwayAndMovesToTheFileAndBackByRotations() {
        restart("token");
        store(20);
        rotate();
        assertEquals("PKCS11", keyStoreOfTheActiveVersion());
        goesOnByItselfAfterTheTokenWasAway();

        token.takeAway();
        refusesToStart("VAULT_PKCS11_TOKEN: no token is labelled");
        token.bringBack();
        assertFalse(Files.exists(home.directory().resolve("keystore.p12")));

        for (String[] move : new String[][] {{"file", "PKCS12"}, {"token", "PKCS11"}}) {
            restart(move[0]);
            everyTemplateOpens();
            rotate();
            assertEquals(move[1], keyStoreOfTheActiveVersion());
            store(5);
            everyTemplateOpens();
        }
    }

    private void goesOnByItselfAfterTheTokenWasAway() {
        assertTrue(healthSaysReachable());
        token.takeAway();
        store(5);
        everyTemplateOpens();
        long versions = rows.number("select count(*) from vault.key_version");
        String rotation = custodian.start();
        TestHome.await("the token is missed", PATIENCE, () -> !healthSaysReachable());
        TestHome.pause(Duration.ofSeconds(5));
        assertEquals("REQUESTED", custodian.get(rotation).getString("state"));
        assertEquals(versions, rows.number("select count(*) from vault.key_version"));
        store(5);
        everyTemplateOpens();
        token.bringBack();
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
        assertTrue(healthSaysReachable());
        everyTemplateOpens();
    }
}
