package org.templatevault.startup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.jar.JarFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.RunnableJar;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.TokenIssuer;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;

/**
 * {@code mvn -Pdist verify}: the runnable jar on a database that somebody else made, configured by environment variables
 * and files of secrets alone, with tokens only.
 */
@Tag("dist")
class RunnableJarIT {
    private static final int SUBJECTS = 60;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final TokenIssuer issuer = TokenIssuer.create();
    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private TestHome home;
    private RunnableJar jar;
    private Path secrets;

    @BeforeEach
    void prepare() throws IOException, SQLException {
        home = TestHome.create("jar");
        home.makeCertificate();
        issuer.publish(home.directory().resolve("issuer.pem"));
        secrets = Files.createDirectories(home.directory().resolve("secrets"));
        makeDatabase();
        jar = new RunnableJar(home);
    }

    @AfterEach
    void stop() {
        jar.close();
        home.close();
    }

    /** The statements of the README. */
    private void makeDatabase() throws IOException, SQLException {
        secret("VAULT_DB_PASSWORD", UUID.randomUUID().toString());
        secret("VAULT_DB_OWNER_PASSWORD", UUID.randomUUID().toString());
        secret("VAULT_KEYSTORE_PASSWORD", UUID.randomUUID().toString());
        secret("VAULT_TLS_KEYSTORE_PASSWORD", tlsPassword());
        try (Connection connection = home.database().superuser("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create role their_owner login password '" + secretOf("VAULT_DB_OWNER_PASSWORD") + "'");
            statement.execute("create role their_app login password '" + secretOf("VAULT_DB_PASSWORD") + "'");
            statement.execute("create database theirs owner their_owner");
            statement.execute("revoke all on database theirs from public");
            statement.execute("grant connect on database theirs to their_app");
        }
    }

    private String tlsPassword() throws IOException {
        Properties stores = new Properties();
        try (var reader = Files.newBufferedReader(home.directory().resolve("keystore.properties"))) {
            stores.load(reader);
        }
        return stores.getProperty("tls");
    }

    private void secret(String name, String value) throws IOException {
        Files.writeString(secrets.resolve(name), value);
    }

    private String secretOf(String name) throws IOException {
        return Files.readString(secrets.resolve(name));
    }

    private String url() {
        return "jdbc:postgresql://localhost:" + home.database().port() + "/theirs";
    }

    private Map<String, String> environment() {
        return new HashMap<>(Map.of(
                "VAULT_DB_URL", url(),
                "VAULT_DB_USER", "their_app",
                "VAULT_TLS_KEYSTORE_FILE", home.directory().resolve("tls.p12").toString(),
                "VAULT_KEYSTORE_FILE", home.directory().resolve("roots.p12").toString(),
                "VAULT_JWT_ISSUER", TokenIssuer.NAME,
                "VAULT_JWT_KEY_LOCATION",
                        home.directory().resolve("issuer.pem").toUri().toString(),
                "VARIABLE_SOURCE_DIRS", secrets.toString()));
    }

    private VaultClient as(String role) {
        return jar.client().withAuthorization(issuer.bearer(TokenIssuer.claims("somebody", role)));
    }

    private JsonObject rotation(String id) {
        return as("operator").get("/rotations/" + id).send().expect(200).json();
    }

    @Test
    void goesOnWithARotationAfterAKillUnderAnotherHostNameAndWithoutTheOwnersPassword() throws Exception {
        Map<String, String> first = environment();
        first.put("VAULT_DB_OWNER", "their_owner");
        first.put("VAULT_KEYSTORE_CREATE", "true");
        jar.start("one", first);
        refusesChangesOfTheSchemaByTheApplication();
        for (int i = 0; i < SUBJECTS; i++) {
            byte[] bytes = TemplateDocument.noise(700, i);
            acknowledged.put(as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", bytes), bytes);
        }
        String id = as("key-custodian")
                .post("/rotations")
                .json(Json.createObjectBuilder().add("rate", 10).build())
                .send()
                .expect(202)
                .json()
                .getString("id");
        TestHome.await("some are moved", PATIENCE, () -> rotation(id).getInt("done") > 0);
        jar.kill();

        Files.delete(secrets.resolve("VAULT_DB_OWNER_PASSWORD"));
        jar.start("two", environment());
        TestHome.await(
                "the rotation ended",
                PATIENCE,
                () -> rotation(id).getString("state").equals("DRAINED"));
        assertEquals(SUBJECTS, rotation(id).getInt("done"));
        assertEquals(
                2,
                new Rows(home.database().superuser("theirs"))
                        .number("select count(distinct left(serverid, 3)) from batch.jb_jobexecution"
                                + " where left(serverid, 3) in ('one', 'two')"),
                "a node takes no job of another for its own");
        isItsOwnClient();
        acknowledged.forEach((stored, bytes) ->
                assertArrayEquals(bytes, as("reader").read(stored).expect(200).bytes()));
    }

    private void isItsOwnClient() throws IOException, InterruptedException {
        Path output = home.directory().resolve("client.out");
        Path token = home.directory().resolve("token");
        String ca = home.directory().resolve("tls.pem").toString();
        Files.writeString(
                token, issuer.bearer(TokenIssuer.claims("somebody", "operator")).replace("Bearer ", ""));
        int status = jar.command(output, "status", "--ca", ca, "--token-file", token.toString());
        assertEquals(0, status, Files.readString(output));
        assertTrue(Files.readString(output).contains("is active since"), Files.readString(output));
        assertEquals(3, jar.command(output, "audit", "verify", "--ca", ca, "--token-file", token.toString()));
        assertEquals(8, jar.command(output, "status", "--token-file", token.toString()));
        assertEquals(2, jar.command(output, "unheard-of"));
    }

    private void refusesChangesOfTheSchemaByTheApplication() throws Exception {
        String password = secretOf("VAULT_DB_PASSWORD");
        try (Connection application = DriverManager.getConnection(url(), "their_app", password);
                Statement statement = application.createStatement()) {
            for (String change : new String[] {
                "create table vault.more (id int)",
                "alter table vault.template drop column quality",
                "delete from vault.erasure",
                "update vault.erased_subject set tag = tag"
            }) {
                SQLException refused = assertThrows(SQLException.class, () -> statement.execute(change));
                assertEquals("42501", refused.getSQLState(), change);
            }
        }
    }

    /** Its server has the features of its configuration only, which at the time of packaging must have been all. */
    @Test
    void holdsTheFeaturesThatTheEnvironmentMaySwitchOnAndSwitchesNoneItself() throws IOException {
        try (JarFile packed = new JarFile("target/vault.jar")) {
            assertNotNull(
                    packed.getEntry("wlp/lib/features/com.ibm.websphere.appserver.openidConnectClient-1.0.mf"),
                    "OpenID");
            assertNotNull(packed.getEntry("wlp/lib/features/io.openliberty.mpTelemetry-2.1.mf"), "traces");
            String environment = new String(
                    packed.getInputStream(packed.getJarEntry("wlp/usr/servers/vault/server.env"))
                            .readAllBytes(),
                    StandardCharsets.UTF_8);
            assertTrue(environment.lines().allMatch(line -> line.startsWith("#")), environment);
        }
    }
}
