package org.templatevault.startup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** Servers with a wrong or missing setting end by themselves and say which. */
class RefusalIT {
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final String WRONG = "wr0ng-c4n4ry";

    /** On a home whose database holds keys already. */
    private static VaultServer launch(String node, Map<String, String> settings) {
        VaultServer server = VaultServer.on(SharedVault.server().home(), node);
        settings.forEach(server::variable);
        return server.launch();
    }

    private static void refuses(VaultServer server, String... sentences) throws IOException {
        endsWith(78, server, sentences);
    }

    private static void endsWith(int exitCode, VaultServer server, String... sentences) throws IOException {
        assertEquals(exitCode, server.awaitExit(PATIENCE), server::console);
        String console = server.console();
        for (String sentence : sentences) {
            assertTrue(
                    console.lines()
                            .anyMatch(line ->
                                    line.contains("Template Vault refuses to start: ") && line.contains(sentence)),
                    () -> sentence + " is not in\n" + console);
        }
        assertFalse(console.contains(WRONG), "a password was logged");
        for (String file : List.of("credentials", "database", "keystore")) {
            Properties secrets = new Properties();
            try (var reader = Files.newBufferedReader(server.home().directory().resolve(file + ".properties"))) {
                secrets.load(reader);
            }
            secrets.values().forEach(secret -> assertFalse(console.contains(secret.toString()), file));
        }
    }

    @Test
    void namesEverySettingThatIsWrongOrMissing() throws IOException {
        VaultServer server = VaultServer.on(SharedVault.server().home(), "numbers")
                .variable("VAULT_TEMPLATE_MAX_BYTES", "abc")
                .variable("VAULT_DATA_SUITE", "NONE")
                .variable("VAULT_KEYSTORE_PASSWORD", "")
                .environment("VAULT_TRACING", "on")
                .variable("VAULT_OTLP_ENDPOINT", "grpc://" + WRONG + ":4317");
        refuses(
                server.launch(),
                "VAULT_TEMPLATE_MAX_BYTES must be a whole number",
                "VAULT_DATA_SUITE must be one of",
                "VAULT_OTLP_ENDPOINT must be an http or https address",
                "VAULT_KEYSTORE_PASSWORD is not set");
    }

    @Test
    @Tag("nightly")
    void namesTheDatabasePassword() throws IOException {
        refuses(launch("database", Map.of("VAULT_DB_PASSWORD", WRONG)), "VAULT_DB_PASSWORD");
    }

    /** Another start may help: the exit code is not the one after which a supervisor gives up. */
    @Test
    void endsForNowWhenTheDatabaseDoesNotAnswer() throws IOException {
        TestHome home = SharedVault.server().home();
        try (DatabaseProxy away = DatabaseProxy.before(home.database().port())) {
            away.refuse(true);
            VaultServer server = VaultServer.on(home, "away").through(away).variable("VAULT_DB_WAIT_SECONDS", "1");
            endsWith(75, server.launch(), "VAULT_DB_URL: the database does not answer");
        }
    }

    /** Damage to the program itself: a class is missing that only the start uses. */
    @Tag("nightly")
    @Test
    void doesNotRunWithoutAVaultWhenAClassCannotBeLoaded() throws IOException {
        // Of the usual environment, what its start works out about the program would be given to other servers.
        VaultServer server =
                VaultServer.on(SharedVault.server().home(), "linkage").environment("VAULT_TRACING", "off");
        server.launch().kill();
        Path war = server.logs().resolveSibling("apps").resolve("vault.war");
        try (FileSystem files = FileSystems.newFileSystem(war)) {
            Files.delete(files.getPath("WEB-INF/classes/org/templatevault/crypto/SunJce.class"));
        }
        refuses(server.launch(), "java.lang.NoClassDefFoundError: ");
    }

    @Test
    @Tag("nightly")
    void doesNotMakeAKeyStoreForADatabaseThatHoldsKeys() throws IOException {
        refuses(
                launch("absent", Map.of("VAULT_KEYSTORE_FILE", "/nowhere/keystore.p12")),
                "VAULT_KEYSTORE_FILE: ",
                "does not exist, and the database holds keys that need it");
    }

    @Test
    @Tag("nightly")
    void namesTheKeyStorePassword() throws IOException {
        refuses(launch("keystore", Map.of("VAULT_KEYSTORE_PASSWORD", WRONG)), "VAULT_KEYSTORE_PASSWORD");
    }

    @Tag("nightly")
    @Test
    void doesNotRunUnderAnotherNameThanItsJobs() throws IOException {
        refuses(launch("name", Map.of("VAULT_NODE", "another")), "VAULT_NODE has to come from the environment");
    }

    @Test
    void doesNotStartWithoutTheRootKeyOfALivingVersion() throws IOException, GeneralSecurityException {
        Path directory = SharedVault.server().home().directory();
        Properties secrets = new Properties();
        try (var reader = Files.newBufferedReader(directory.resolve("keystore.properties"))) {
            secrets.load(reader);
        }
        char[] password = secrets.getProperty("keystore").toCharArray();
        KeyStore strange = KeyStore.getInstance("PKCS12");
        strange.load(null, null);
        strange.setEntry(
                "unused",
                new KeyStore.SecretKeyEntry(new SecretKeySpec(new byte[32], "AES")),
                new KeyStore.PasswordProtection(password));
        Path file = directory.resolve("strange.p12");
        try (var out = Files.newOutputStream(file)) {
            strange.store(out, password);
        }
        refuses(launch("strange", Map.of("VAULT_KEYSTORE_FILE", file.toString())), "strange.p12 holds no root key ");
    }

    @Test
    @Tag("nightly")
    void namesTheRowOfAWrappedKeyThatWasChanged() throws IOException {
        Rows rows = new Rows(SharedVault.server().home());
        String flip = "update vault.key_material set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
                + " where version = (select version from vault.key_version where state = 'ACTIVE')";
        assertEquals(1, rows.change(flip));
        try {
            refuses(launch("changed", Map.of()), "The wrapped KEK of version ", "(vault.key_material) does not open");
        } finally {
            rows.change(flip);
        }
    }

    @Test
    void refusesAHomeThatIsInUse() {
        TestHome used = SharedVault.server().home();
        IllegalStateException refusal = org.junit.jupiter.api.Assertions.assertThrows(
                IllegalStateException.class, () -> org.templatevault.embedded.Home.open(used.directory()));
        assertTrue(String.valueOf(refusal.getMessage()).contains("VAULT_HOME"), refusal::getMessage);
    }
}
