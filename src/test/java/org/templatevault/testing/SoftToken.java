package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.templatevault.config.KeyStoreToken;

/** Tokens of SoftHSM2 in a directory of their own, which can be taken away and brought back. */
public final class SoftToken {
    /** The variable that names the library's configuration. */
    public static final String VARIABLE = "SOFTHSM2_CONF";
    /** The label of the token that is there from the beginning. */
    public static final String LABEL = "vault tests";
    /** The user's PIN of every token. */
    public static final String PIN = "p1n-c4n4ry";

    private static final List<String> LIBRARIES = List.of(
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib64/softhsm/libsofthsm2.so",
            "/usr/local/lib/softhsm/libsofthsm2.so",
            "/opt/homebrew/lib/softhsm/libsofthsm2.so");

    private final Path configuration;
    private final Path tokens;
    private final Path away;

    private SoftToken(Path configuration, Path directory) {
        this.configuration = configuration;
        this.tokens = directory.resolve("tokens");
        this.away = directory.resolve("tokens.away");
    }

    /**
     * Makes one token. The calling test is skipped where SoftHSM2 is not installed.
     *
     * @param configuration the file to write, which {@value #VARIABLE} names in the process that uses the token
     */
    public static SoftToken create(Path configuration, Path directory) {
        requireInstalled();
        SoftToken made = new SoftToken(configuration, directory);
        try {
            Files.createDirectories(made.tokens);
            Files.writeString(
                    configuration, "directories.tokendir = " + made.tokens + "\nobjectstore.backend = file\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        made.add(LABEL);
        return made;
    }

    /** Skips the calling test where SoftHSM2 is not installed, and says so. */
    public static void requireInstalled() {
        boolean installed = library().isPresent();
        if (!installed) {
            System.out.println("Skipped: SoftHSM2 is not installed (Debian: apt-get install softhsm2)");
        }
        Assumptions.assumeTrue(installed, "SoftHSM2 is not installed");
    }

    private static Optional<String> library() {
        return LIBRARIES.stream().filter(path -> Files.exists(Path.of(path))).findFirst();
    }

    /** Makes one more token. */
    public void add(String label) {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                    "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN);
            builder.environment().put(VARIABLE, configuration.toString());
            Process process = builder.redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    /** The settings by which the first token is reached. */
    public KeyStoreToken settings() {
        return new KeyStoreToken(library().orElseThrow(), LABEL, PIN);
    }

    /** Gives a server the settings of the first token. */
    public VaultServer knownTo(VaultServer server) {
        KeyStoreToken settings = settings();
        return server.environment(VARIABLE, configuration.toString())
                .variable("VAULT_PKCS11_LIBRARY", settings.path())
                .variable("VAULT_PKCS11_TOKEN", settings.label())
                .variable("VAULT_PKCS11_PIN", settings.pin());
    }

    /** Takes all tokens away, as by pulling a plug. */
    public void takeAway() {
        move(tokens, away);
        try {
            Files.createDirectory(tokens);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Brings them back. */
    public void bringBack() {
        try {
            Files.delete(tokens);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        move(away, tokens);
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The aliases in the first token, as the JDK's own tool lists them. */
    public List<String> aliases() {
        KeyStoreToken settings = settings();
        try {
            Path provider = Files.writeString(
                    configuration.resolveSibling("keytool.cfg"),
                    "name = look\nlibrary = " + settings.path() + "\nslotListIndex = 0\n");
            ProcessBuilder builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-J-Duser.language=en",
                    "-list",
                    "-keystore",
                    "NONE",
                    "-storetype",
                    "PKCS11",
                    "-addprovider",
                    "SunPKCS11",
                    "-providerarg",
                    provider.toString(),
                    "-storepass",
                    settings.pin());
            builder.environment().put(VARIABLE, configuration.toString());
            Process process = builder.redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!said.contains("Your keystore contains")) {
                throw new IllegalStateException(said);
            }
            return said.lines()
                    .filter(line -> line.contains(", SecretKeyEntry"))
                    .map(line -> line.substring(0, line.indexOf(',')))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many objects the tokens hold, with an alias or without. */
    public long objects() {
        try (Stream<Path> files = Files.walk(tokens)) {
            return files.filter(file -> file.toString().endsWith(".object")
                            && !file.getFileName().toString().equals("token.object"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
