package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.cli.ClientProcess.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.cli.ClientProcess.Outcome;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient;

/** The client as its users start it, against a server. */
abstract class Commands {
    static final Duration PATIENCE = Duration.ofMinutes(1);
    static final String NOBODY = "0192f0a4-7c11-7abc-8def-0123456789ab";

    @TempDir
    Path directory;

    final SharedVault.Mortal vault = SharedVault.mortal();
    final Rows rows = new Rows(vault.home());
    String home = "";

    @BeforeEach
    void address() throws IOException {
        home = vault.home().directory().toString();
        Files.writeString(vault.home().directory().resolve("address"), url());
    }

    String url() {
        return "https://localhost:" + vault.server().port();
    }

    VaultClient as(String role) {
        return vault.server().as(role);
    }

    /** As the generated user of the role that the command needs. */
    Outcome at(int exitCode, String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--home", home));
        return run(all.toArray(String[]::new)).expect(exitCode);
    }

    /** As any user, with the password in a file. */
    Outcome as(String role, int exitCode, String... args) throws IOException {
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(home, "credentials.properties"))) {
            passwords.load(reader);
        }
        Path password = Files.writeString(directory.resolve("password"), passwords.getProperty(role) + "\n");
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--url", url(), "--ca", home + "/tls.pem", "--user", role));
        all.addAll(List.of("--password-file", password.toString()));
        return run(all.toArray(String[]::new)).expect(exitCode);
    }

    static void assertSays(String expected, Outcome outcome) {
        assertTrue(outcome.err().contains(expected), outcome::toString);
    }
}
