package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** A root key or the row of a service key is not there: what is lost by that, and what is not. */
class MissingKeysIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int REFUSED = 78;

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final Path keyStore = server.home().directory().resolve("keystore.p12");

    private UUID erased() {
        UUID subject = UUID.randomUUID();
        server.as("enroller").store(subject, "modality=IRIS&format=OPAQUE", TemplateDocument.noise(300, 1));
        server.as("eraser").erase(subject, "retention").expect(202);
        return subject;
    }

    /** The newest copy of the key store is from before it was made, and nothing was wrapped with it. */
    @Tag("nightly")
    @Test
    void startsWithoutAVersionThatNeverWasActive() throws IOException {
        byte[] copy = Files.readAllBytes(keyStore);
        String rotation = SilentNode.during(rows, () -> {
            String asked = custodian.start();
            custodian.await(asked, "STAGED");
            custodian.steer(asked, "cancel").expect(200);
            return asked;
        });
        long unused = custodian.get(rotation).getInt("toVersion");
        server.kill();
        Files.write(keyStore, copy);
        server.start();
        assertTrue(server.console().contains("The unused key version " + unused + " is left out"), server::console);
        assertEquals(
                "DRAINED", custodian.rotate(Json.createObjectBuilder()).getString("state"), "with a version after it");
        rows.change("delete from vault.key_material where version = ?", unused);
        rows.change("update vault.key_version set state = 'DESTROYED', destroyed_at = now() where version = ?", unused);
    }

    /** With a new key of the same purpose nobody would find what was made with the one that is gone. */
    @ParameterizedTest
    @EnumSource(
            value = ServicePurpose.class,
            names = {"REFERENCE_INDEX", "SIGNING", "ROW_HASH"})
    @Tag("nightly")
    void refusesToStartWhereAnyAreGone(ServicePurpose purpose) {
        server.as("enroller")
                .post("/subjects")
                .json("{\"reference\":\"" + UUID.randomUUID() + "\"}")
                .send()
                .expect(201);
        refusesToStartWhereTheServiceKeysOfAPurposeAreGone(purpose);
    }

    @Test
    @Tag("nightly")
    void refusesToStartWhereTheKeyOfTombstonesIsGone() {
        refusesToStartWhereTheServiceKeysOfAPurposeAreGone(ServicePurpose.TOMBSTONE);
    }

    private void refusesToStartWhereTheServiceKeysOfAPurposeAreGone(ServicePurpose purpose) {
        erased();
        server.kill();
        Runnable restore = rows.kept("service_key", "purpose = ?", purpose.name());
        rows.change("delete from vault.service_key where purpose = ?", purpose.name());
        try {
            server.launch();
            assertEquals(REFUSED, server.awaitExit(PATIENCE), server::console);
            assertTrue(server.console().contains("The service key " + purpose + " is gone"), server::console);
            assertEquals(0, rows.number("select count(*) from vault.service_key where purpose = ?", purpose.name()));
        } finally {
            restore.run();
            server.start();
        }
    }

    /** The key ring is read anew when a version is made, and does not become one that knows no erased subject. */
    @Test
    void knowsTheErasedStillWhereTheRowsAreDeletedMeanwhile() {
        UUID subject = erased();
        Runnable restore = rows.kept("service_key", "purpose = 'TOMBSTONE'");
        rows.change("delete from vault.service_key where purpose = 'TOMBSTONE'");
        String rotation;
        try {
            rotation = custodian.start();
            custodian.await(rotation, "STAGED");
            TestHome.pause(Duration.ofSeconds(3));
            assertEquals("STAGED", custodian.get(rotation).getString("state"), "this node cannot read the version");
            server.as("reader").get("/subjects/" + subject).send().problem(410, "subject-erased");
        } finally {
            restore.run();
        }
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
    }

    /** Whoever holds the keys in memory would not miss it, and nobody else could start. */
    @Test
    @Tag("nightly")
    void tellsThatTheRootKeyOfAVersionInUseIsGone() throws IOException {
        byte[] before = Files.readAllBytes(keyStore);
        custodian.rotate(Json.createObjectBuilder());
        byte[] after = Files.readAllBytes(keyStore);
        Files.write(keyStore, before);
        try {
            TestHome.await("it is told", Duration.ofSeconds(90), () -> missing() == 1);
            assertTrue(server.console().contains("is not in the key store: root-"), server::console);
            TestHome.await(
                    "the overview has it",
                    PATIENCE,
                    () -> server.as("operator")
                            .get("/overview")
                            .send()
                            .expect(200)
                            .text()
                            .contains("missing-root-keys"));
        } finally {
            Files.write(keyStore, after);
        }
        TestHome.await("it is back", Duration.ofSeconds(90), () -> missing() == 0);
    }

    private int missing() {
        return server
                .client()
                .callOutside("GET", "/health/ready")
                .send()
                .json()
                .getJsonArray("checks")
                .getValuesAs(JsonObject.class)
                .stream()
                .filter(check -> check.getString("name").equals("key-store"))
                .map(check -> check.getJsonObject("data").getInt("missingRootKeys"))
                .findFirst()
                .orElseThrow();
    }

    /** A database from before a rotation, a promoted standby's perhaps, names no root key of it; the right one does. */
    @Test
    void keepsTheRootKeyOfAVersionThatTheDatabaseDoesNotNameAnyMore() {
        int version = custodian.rotate(Json.createObjectBuilder()).getInt("toVersion");
        String alias = rows.texts("select root_key_alias from vault.key_version where version = ?", version)
                .get(0);
        String rename = "update vault.key_version set root_key_alias = ? where version = ?";
        rows.change(rename, "another", version);
        try {
            assertEquals("DRAINED", custodian.rotate(Json.createObjectBuilder()).getString("state"));
        } finally {
            rows.change(rename, alias, version);
        }
        assertTrue(server.home().rootKeys().contains(alias), alias);
    }
}
