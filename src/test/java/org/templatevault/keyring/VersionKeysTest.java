package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.config.Settings;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Leases;
import org.templatevault.testing.FaultyLibrary;
import org.templatevault.testing.SoftToken;

/** A new version on a token that makes root keys and cannot use them. */
class VersionKeysTest {
    private static final long FIRST_PAUSE_MILLIS = 1_100;

    @TempDir
    Path directory;

    private final Map<String, String> given = new HashMap<>(Map.of(
            "VAULT_DB_URL", "jdbc:postgresql://db.example/vault",
            "VAULT_DB_USER", "vault_app",
            "VAULT_DB_PASSWORD", "secret",
            "VAULT_TLS_KEYSTORE_FILE", "/keys/tls.p12",
            "VAULT_TLS_KEYSTORE_PASSWORD", "secret",
            "VAULT_KEYSTORE", "token",
            "VAULT_PKCS11_TOKEN", SoftToken.LABEL,
            "VAULT_PKCS11_PIN", SoftToken.PIN));
    private final VersionKeys versionKeys = new VersionKeys();
    private SoftToken soft;
    private FaultyLibrary library;

    private static final class NoVersions extends KeyVersions {
        @Override
        public List<Row> all() {
            return List.of();
        }
    }

    private static final class AlwaysHeld extends Leases {
        @Override
        public Optional<Long> hold(String name, UUID owner, Duration duration) {
            return Optional.of(1L);
        }

        @Override
        public void giveBack(String name, UUID owner) {}
    }

    @SuppressWarnings("UnnecessaryAssignment") // nobody injects here
    @BeforeEach
    void open() {
        String configuration = System.getenv(SoftToken.VARIABLE);
        Assumptions.assumeTrue(configuration != null, SoftToken.VARIABLE + " is not set");
        soft = SoftToken.create(Path.of(configuration), directory);
        library = FaultyLibrary.before(soft.settings().path(), directory);
        given.put("VAULT_PKCS11_LIBRARY", library.path());
        versionKeys.settings = Settings.read(name -> Optional.ofNullable(given.get(name)));
        versionKeys.keyVersions = new NoVersions();
        versionKeys.leases = new AlwaysHeld();
        versionKeys.node = new ThisNode();
        versionKeys.openKeyStores();
    }

    private List<String> rootKeysAfterATry() {
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            assertThrows(KeyStoreUnavailableException.class, () -> versionKeys.insert(new UUID(0, 1), 1, kek));
        }
        return soft.aliases();
    }

    @Test
    void asksLessAndLessOftenForRootKeysThatAreOfNoUse() throws InterruptedException {
        library.fail(FaultyLibrary.Function.C_EncryptInit, 0x70, false); // CKR_MECHANISM_INVALID
        List<String> first = rootKeysAfterATry();
        assertEquals(1, first.size());
        Thread.sleep(FIRST_PAUSE_MILLIS);
        List<String> second = rootKeysAfterATry();
        assertNotEquals(first, second);
        assertEquals(1, second.size());
        Thread.sleep(FIRST_PAUSE_MILLIS);
        assertEquals(second, rootKeysAfterATry(), "too early: nothing was deleted and made");
    }
}
