package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A vault with some subjects, whose templates open after each test as they were stored. */
abstract class EnrolledVault {
    static final String OPEN = "modality=IRIS&format=OPAQUE";
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final VaultServer server = SharedVault.mortal().server();
    final Rows rows = new Rows(SharedVault.mortal().home());
    final Custodian custodian = new Custodian(server);
    final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();

    private final int subjects;
    private final int shortest;

    /** With so many subjects, of which each has a template that is a byte longer than the one before. */
    EnrolledVault(int subjects, int shortest) {
        this.subjects = subjects;
        this.shortest = shortest;
    }

    @BeforeEach
    void enrol() {
        for (int i = 0; i < subjects; i++) {
            store(UUID.randomUUID(), TemplateDocument.noise(shortest + i, i));
        }
    }

    Stored store(UUID subject, byte[] bytes) {
        Stored stored = server.as("enroller").store(subject, OPEN, bytes);
        acknowledged.put(stored, bytes);
        return stored;
    }

    @AfterEach
    void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
    }

    void drained(String rotation) {
        custodian.drain(rotation);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    String stateInTheDatabase(String rotation) {
        return rows.texts("select state from vault.rotation where id = ?::uuid", rotation)
                .get(0);
    }
}
