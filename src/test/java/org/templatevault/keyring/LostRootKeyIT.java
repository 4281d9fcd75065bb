package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Properties;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A root key is lost that no row needed, and a row comes back that does. */
@Tag("long")
@Tag("nightly")
class LostRootKeyIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private TestHome home;
    private VaultServer server;
    private Rows rows;
    private Path file;
    private KeyStore.PasswordProtection password;

    @BeforeEach
    void start() throws Exception {
        home = TestHome.create("lost-root-key");
        server = VaultServer.on(home)
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                .start();
        rows = new Rows(home);
        file = home.directory().resolve("keystore.p12");
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(home.directory().resolve("keystore.properties"))) {
            passwords.load(reader);
        }
        password = new KeyStore.PasswordProtection(
                passwords.getProperty("keystore").toCharArray());
    }

    @AfterEach
    void stop() {
        server.close();
        home.close();
    }

    private KeyStore keyStore() throws Exception {
        KeyStore keyStore = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keyStore.load(in, password.getPassword());
        }
        return keyStore;
    }

    private void write(KeyStore keyStore) throws Exception {
        try (OutputStream out = Files.newOutputStream(file)) {
            keyStore.store(out, password.getPassword());
        }
    }

    /** Another node, or a copy of the key store, may have it: only two people may give the subject up. */
    @Test
    void erasesNobodyWhoseKeyOnlyThisNodeCannotHave() throws Exception {
        byte[] bytes = TemplateDocument.noise(300, 1);
        Stored one = server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", bytes);
        String wrapped = rows.texts("select encode(wrapped, 'hex') from vault.subject_key where kek_version = 1")
                .get(0);
        new Custodian(server).rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        server.stop();
        String alias = rows.texts("select root_key_alias from vault.key_version where version = 1")
                .get(0);
        KeyStore keyStore = keyStore();
        KeyStore.Entry rootKey = keyStore.getEntry(alias, password);
        keyStore.deleteEntry(alias);
        write(keyStore);
        server.start();
        assertTrue(server.console().contains("The unused key version 1 is left out"), server::console);

        rows.change(
                "update vault.subject_key set kek_version = 1, wrapped = decode(?, 'hex') where subject_id = ?",
                wrapped,
                one.subject());
        aStandingPolicyRotatesAndWaitsASecondForRepairs();
        TestHome.await(
                "the key is in quarantine", PATIENCE, () -> rows.number("select count(*) from vault.quarantine") == 1);
        TestHome.pause(Duration.ofSeconds(8));
        server.as("reader").get("/subjects/" + one.subject()).send().expect(200);
        assertEquals(0, rows.number("select count(*) from vault.erasure"));

        server.stop();
        keyStore = keyStore();
        keyStore.setEntry(alias, rootKey, password);
        write(keyStore);
        server.start();
        TestHome.await("it has moved", PATIENCE, () -> rows.number("select count(*) from vault.quarantine") == 0);
        assertArrayEquals(bytes, server.as("reader").read(one).expect(200).bytes());
    }

    private void aStandingPolicyRotatesAndWaitsASecondForRepairs() {
        String approval = server.as("key-custodian")
                .post("/standing-policies")
                .json(Json.createObjectBuilder()
                        .add("interval", "P1D")
                        .add("wait", "PT0S")
                        .add("quarantine", "PT1S")
                        .add("withoutNewerBackup", true)
                        .build())
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id");
        new Approver(server).approve(approval);
        rows.change(
                "update vault.key_version set activated_at = activated_at - interval '2 days' where state = 'ACTIVE'");
    }
}
