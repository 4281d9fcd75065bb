package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.templatevault.config.KeyStoreToken;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.testing.FaultyLibrary;
import org.templatevault.testing.SoftToken;

/** A token whose library reports errors, function by function. */
class FaultyTokenTest {
    private static final byte[] AAD = "aad".getBytes(StandardCharsets.US_ASCII);
    /** CKR_GENERAL_ERROR, CKR_DEVICE_ERROR, CKR_SESSION_HANDLE_INVALID, CKR_ENCRYPTED_DATA_INVALID. */
    private static final int[] ERRORS = {0x05, 0x30, 0xB3, 0x40};

    @TempDir
    Path directory;

    private final SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES);
    private long now;
    private FaultyLibrary library;
    private RootKeyToken token;
    private byte[] wrapped;

    @BeforeEach
    void initialise() {
        String configuration = System.getenv(SoftToken.VARIABLE);
        Assumptions.assumeTrue(configuration != null, SoftToken.VARIABLE + " is not set");
        SoftToken soft = SoftToken.create(Path.of(configuration), directory);
        library = FaultyLibrary.before(soft.settings().path(), directory);
        token = new RootKeyToken(
                new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN), RootKeyToken.PATIENCE, () -> now);
        token.generate("root-1");
        wrapped = token.wrap("root-1", kek, AAD);
    }

    @AfterEach
    void clear() {
        kek.close();
    }

    private void unwraps() {
        try (SecretBytes back = token.unwrap("root-1", wrapped, AAD)) {
            assertArrayEquals(kek.reveal(), back.reveal());
        }
    }

    /** Above all never "the wrong key": what does not unwrap goes into quarantine. */
    @ParameterizedTest
    @EnumSource
    void isNotAvailableWhicheverCallFailsAndGoesOnAfterwards(FaultyLibrary.Function function) {
        Map<String, Executable> uses = Map.of(
                "generate", () -> token.generate("root-2"),
                "wrap", () -> token.wrap("root-1", kek, AAD),
                "unwrap", this::unwraps,
                "delete", () -> token.delete("root-1"),
                "aliases", () -> assertEquals(List.of("root-1"), List.copyOf(token.aliases())));
        for (int i = 0; i < 2 * ERRORS.length; i++) {
            int error = ERRORS[i / 2];
            boolean done = i % 2 == 1;
            uses.forEach((name, use) -> {
                library.fail(function, error, done);
                assertEquals(needing(function).contains(name), failsOrWorks(use), name + " " + error + " " + done);
                library.mend();
                now += TimeUnit.HOURS.toNanos(1);
                restore();
            });
        }
    }

    private static Set<String> needing(FaultyLibrary.Function function) {
        return switch (function) {
            case C_DestroyObject -> Set.of("delete");
            case C_EncryptInit, C_Encrypt -> Set.of("wrap");
            case C_DecryptInit, C_Decrypt -> Set.of("unwrap");
            case C_GenerateKey -> Set.of("generate");
            default -> Set.of("generate", "wrap", "unwrap", "delete", "aliases");
        };
    }

    private boolean failsOrWorks(Executable use) {
        try {
            use.execute();
            assertTrue(token.isReachable());
            return false;
        } catch (KeyStoreUnavailableException e) {
            assertTrue(String.valueOf(e.getMessage()).startsWith("VAULT_PKCS11_"), e::getMessage);
            assertFalse(String.valueOf(e.getMessage()).contains(SoftToken.PIN), e::getMessage);
            assertFalse(token.isReachable());
            assertThrows(KeyStoreUnavailableException.class, token::aliases);
            return true;
        } catch (Throwable other) {
            throw new AssertionError(other);
        }
    }

    /** As before: one root key, which is the first one unless it was deleted. */
    private void restore() {
        List<String> aliases = List.copyOf(token.aliases());
        assertTrue(token.isReachable());
        if (aliases.contains("root-2")) {
            token.delete("root-2");
        }
        if (aliases.contains("root-1")) {
            unwraps();
        } else {
            token.generate("root-1");
            wrapped = token.wrap("root-1", kek, AAD);
        }
    }
}
