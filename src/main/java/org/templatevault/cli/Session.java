package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import org.templatevault.client.Connection;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command takes: where the vault is, who asks, in which form to answer. */
final class Session {
    private static final String DEFAULT_ADDRESS = "https://localhost:9443";

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "home of a vault that was started with mvn: its address, certificate and generated passwords")
    @Nullable Path home;

    @Option(names = "--url", paramLabel = "URL", description = "address of the vault, https://HOST:PORT")
    @Nullable URI url;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "PEM file of the certificates that prove the server; without it those of the JVM")
    @Nullable Path certificates;

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "who signs in; the password comes from --password-file, VAULT_PASSWORD or a prompt")
    @Nullable String user;

    @Option(names = "--password-file", paramLabel = "FILE", description = "file whose first line is the password")
    @Nullable Path passwordFile;

    @Option(names = "--token-file", paramLabel = "FILE", description = "file with a bearer token, in place of --user")
    @Nullable Path tokenFile;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "how long to wait in all where the vault asks to come again (default ${DEFAULT-VALUE})")
    int waitSeconds;

    @Option(names = "--json", description = "answer with JSON, for programs")
    boolean json;

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    private final Terminal terminal = new Terminal();

    Terminal terminal() {
        return terminal;
    }

    /**
     * The vault, as this caller.
     *
     * @param role whose generated user signs in where the home is given
     */
    Api api(String role) throws IOException {
        if (waitSeconds < 0 || waitSeconds > 3600) {
            throw usage("--wait: 0 to 3600 seconds");
        }
        try {
            return new Api(connection(role), Duration.ofSeconds(waitSeconds));
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    /** Wrong options, in words. */
    ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    /** Prints the document with --json, and the text without. */
    void answer(JsonObject document, Supplier<String> text) {
        String answer = json ? document + "\n" : text.get();
        terminal.out().print(answer);
        terminal.out().flush();
    }

    /** Says something beside the answer. */
    void note(String text) {
        terminal.err().println(Text.printable(text));
    }

    /** By what the caller is told apart where a batch is taken up. */
    String caller(String role) throws IOException {
        if (home != null) {
            return role;
        }
        return user != null || tokenFile == null ? String.valueOf(user) : bearer(Files.readString(tokenFile));
    }

    /** Issuer and name in a token, which the vault checks and nobody here. */
    static String bearer(String token) {
        try {
            byte[] claims = Base64.getUrlDecoder().decode(token.trim().split("\\.", -1)[1]);
            try (var reader = Json.createReader(new ByteArrayInputStream(claims))) {
                JsonObject json = reader.readObject();
                String name = Stream.of("upn", "preferred_username", "sub")
                        .map(claim -> json.getString(claim, ""))
                        .filter(value -> !value.isEmpty())
                        .findFirst()
                        .orElse("");
                return "token " + json.getString("iss", "") + " " + name;
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException | JsonException notOne) {
            return "token";
        }
    }

    private Connection connection(String role) throws IOException {
        if (home != null) {
            return atHome(home, role);
        }
        if (url == null) {
            throw usage("where is the vault? Give --url, or --home");
        }
        Connection.address(url);
        if ((user == null) == (tokenFile == null)) {
            throw usage("who asks? Give --user, or --token-file");
        }
        if (tokenFile != null) {
            if (passwordFile != null) {
                throw usage("--password-file goes with --user");
            }
            return Connection.bearer(
                    url, certificates, Files.readString(tokenFile).trim());
        }
        String name = java.util.Objects.requireNonNull(user);
        return Connection.basic(url, certificates, name, password(name));
    }

    private Connection atHome(Path directory, String role) throws IOException {
        if (url != null || certificates != null || user != null || passwordFile != null || tokenFile != null) {
            throw usage("--home brings address, certificate and password: leave the other options out");
        }
        Path addressFile = directory.resolve("address");
        String address =
                Files.exists(addressFile) ? Files.readString(addressFile).trim() : DEFAULT_ADDRESS;
        Properties credentials = new Properties();
        try (var reader = Files.newBufferedReader(directory.resolve("credentials.properties"))) {
            credentials.load(reader);
        }
        String password = credentials.getProperty(role);
        if (password == null) {
            throw usage("no password of " + role + " in " + directory);
        }
        return Connection.basic(URI.create(address), directory.resolve("tls.pem"), role, password);
    }

    private String password(String name) throws IOException {
        if (passwordFile != null) {
            return Files.readString(passwordFile).lines().findFirst().orElse("");
        }
        String fromEnvironment = System.getenv("VAULT_PASSWORD");
        if (fromEnvironment != null) {
            return fromEnvironment;
        }
        char[] typed = terminal.password(name);
        if (typed == null) {
            throw usage("no password: give --password-file, set VAULT_PASSWORD, or run it on a terminal");
        }
        return new String(typed);
    }
}
