package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.config.Settings;

class KeyStoresTest {
    @TempDir
    Path directory;

    private final Map<String, String> given = new HashMap<>(Map.of(
            "VAULT_DB_URL", "jdbc:postgresql://db.example/vault",
            "VAULT_DB_USER", "vault_app",
            "VAULT_DB_PASSWORD", "secret",
            "VAULT_TLS_KEYSTORE_FILE", "/keys/tls.p12",
            "VAULT_TLS_KEYSTORE_PASSWORD", "secret",
            "VAULT_KEYSTORE_PASSWORD", "secret",
            "VAULT_KEYSTORE_CREATE", "true"));
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("keystore.p12");
        given.put("VAULT_KEYSTORE_FILE", file.toString());
    }

    private KeyStores open(String... needed) {
        return KeyStores.open(Settings.read(name -> Optional.ofNullable(given.get(name))), Set.of(needed));
    }

    private void refuses(String sentence, String... needed) {
        String message = String.valueOf(assertThrows(KeyStoreUnavailableException.class, () -> open(needed))
                .getMessage());
        assertTrue(message.startsWith(sentence), message);
    }

    private void giveABrokenToken() {
        given.put("VAULT_PKCS11_LIBRARY", "/nowhere/libpkcs11.so");
        given.put("VAULT_PKCS11_TOKEN", "vault");
        given.put("VAULT_PKCS11_PIN", "secret");
    }

    @Test
    void makesTheFileWhereItMayAndNoVersionNeedsIt() {
        given.put("VAULT_KEYSTORE_CREATE", "false");
        refuses("VAULT_KEYSTORE_FILE: ");
        given.put("VAULT_KEYSTORE_CREATE", "true");
        refuses("VAULT_KEYSTORE_FILE: ", KeyStores.FILE);
        assertFalse(Files.exists(file));
        assertEquals(KeyStores.FILE, open().newest());
        assertTrue(Files.exists(file));
        open(KeyStores.FILE);
    }

    @Test
    void namesTheSettingOfAKeyStoreThatAVersionNeeds() {
        refuses("VAULT_PKCS11_TOKEN is not set", KeyStores.TOKEN);
        giveABrokenToken();
        given.put("VAULT_KEYSTORE", "token");
        given.remove("VAULT_KEYSTORE_FILE");
        given.remove("VAULT_KEYSTORE_PASSWORD");
        refuses("VAULT_KEYSTORE_FILE is not set", KeyStores.FILE);
    }

    @Test
    void asksOnlyTheKeyStoreThatNewRootKeysAreMadeIn() {
        giveABrokenToken();
        assertEquals(Map.of(KeyStores.FILE, true, KeyStores.TOKEN, false), open().reachable());
        given.put("VAULT_KEYSTORE", "token");
        refuses("VAULT_PKCS11_LIBRARY: ");
    }
}
