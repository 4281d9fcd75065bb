package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A copy of database directory and WAL from before a destruction, put back afterwards. */
@Tag("chaos")
class RestoreIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final TestHome home = TestHome.create("restore");
    private final VaultServer server = VaultServer.on(home).variable("VAULT_APPROVAL_WAIT_MINUTES", "0");
    private final Path database = home.directory().resolve("postgres");
    private final Path keyStore = home.directory().resolve("keystore.p12");

    @Test
    void opensNothingWithTheKeyStoreFromAfterTheDestruction() throws IOException {
        Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
        server.start();
        for (int i = 0; i < 20; i++) {
            byte[] bytes = TemplateDocument.noise(300, i);
            acknowledged.put(
                    server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", bytes), bytes);
        }
        Path databaseBefore = home.directory().resolve("database-before");
        Path keyStoreBefore = home.directory().resolve("keystore-before.p12");
        atRest(() -> {
            copy(database, databaseBefore);
            Files.copy(keyStore, keyStoreBefore);
        });
        server.start();
        assertEquals(
                "DRAINED",
                new Custodian(server).rotate(Json.createObjectBuilder()).getString("state"));
        new Approver(server).destroy(1);
        Path keyStoreAfter = home.directory().resolve("keystore-after.p12");
        atRest(() -> {
            Files.copy(keyStore, keyStoreAfter);
            delete(database);
            copy(databaseBefore, database);
        });
        server.launch();
        assertEquals(78, server.awaitExit(PATIENCE), server::console);
        assertTrue(server.console().contains("holds no root key"), server::console);

        Files.copy(keyStoreBefore, keyStore, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        server.start();
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        server.close();
        home.close();
    }

    private interface FileWork {
        void run() throws IOException;
    }

    private void atRest(FileWork work) throws IOException {
        server.stop();
        home.killDatabase();
        work.run();
        home.restartDatabase();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(
                        file,
                        to.resolve(from.relativize(file).toString()),
                        java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
