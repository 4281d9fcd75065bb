package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * The log keeps what a first attempt has written under a version that was replaced before its commit: the subject says that
 * it stood under that version, so that its receipt waits for the version's destruction, too.
 */
class RolledBackStoreIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String INSERT_SUBJECT = "insert into vault.subject_key";
    private static final String HOLD_ACTIVE = "select version from vault.key_version where version";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final long before = rows.number("select version from vault.key_version where state = 'ACTIVE'");
    /** Not always the next: a rotation that was cancelled has left its version behind. */
    private final long after = rows.number("select max(version) + 1 from vault.key_version");

    @AfterEach
    void keepTheInvariants() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** Does the work, whose version is replaced when it has written and not committed. */
    private Answer replacedMeanwhile(Supplier<Answer> work) {
        server.as("enroller").store(UUID.randomUUID(), "modality=FACE&format=OPAQUE", new byte[] {1});
        try (var hold = SharedVault.mortal().proxy().holdStatementAfter(INSERT_SUBJECT, HOLD_ACTIVE)) {
            CompletableFuture<Answer> storing =
                    CompletableFuture.supplyAsync(work).orTimeout(90, TimeUnit.SECONDS);
            hold.awaitHeld(PATIENCE);
            JsonObject ended =
                    custodian.await(custodian.start(Json.createObjectBuilder().add("mode", "rewrap")), "DRAINED");
            assertEquals(after, ended.getInt("toVersion"));
            hold.release();
            return storing.join();
        }
    }

    private void stoodUnderBoth(UUID subject) {
        assertEquals(
                List.of(before + " to " + after),
                rows.texts(
                        "select first_kek_version || ' to ' || kek_version from vault.subject_key where subject_id = ?",
                        subject));
    }

    @Test
    void saysOfAStoreThatItWroteUnderTheVersionBefore() {
        UUID subject = UUID.randomUUID();
        JsonObject stored = replacedMeanwhile(() -> server.as("enroller")
                        .post("/subjects/" + subject + "/templates?modality=FACE&format=OPAQUE")
                        .octets(new byte[] {1, 2, 3})
                        .send())
                .expect(201)
                .json();
        stoodUnderBoth(subject);
        server.as("reader")
                .read(new Stored(subject, UUID.fromString(stored.getString("template"))))
                .expect(200);
        JsonObject erasure =
                server.as("eraser").erase(subject, "retention").expect(202).json();
        assertEquals(before, erasure.getInt("firstKeyVersion"), erasure::toString);
        UUID next = server.as("enroller")
                .store(UUID.randomUUID(), "modality=FACE&format=OPAQUE", new byte[] {1})
                .subject();
        assertEquals(after, rows.number("select first_kek_version from vault.subject_key where subject_id = ?", next));
    }

    @Test
    void saysOfABatchThatItWroteUnderTheVersionBefore() {
        List<UUID> subjects = List.of(UUID.randomUUID(), UUID.randomUUID());
        replacedMeanwhile(() -> {
                    var items = Json.createArrayBuilder();
                    subjects.forEach(subject -> items.add(TemplateDocument.with(
                            TemplateDocument.fingerprint(new byte[] {1, 2}), "subject", subject.toString())));
                    return server.as("enroller")
                            .post("/templates:batchStore")
                            .json(Json.createObjectBuilder().add("items", items).build())
                            .send();
                })
                .expect(200);
        subjects.forEach(subject -> stoodUnderBoth(subject));
    }

    @Test
    void saysOfANewSubjectThatItsReferenceWasWrittenUnderTheVersionBefore() {
        String subject = replacedMeanwhile(() -> server.as("enroller")
                        .post("/subjects")
                        .json(Json.createObjectBuilder()
                                .add("reference", "rolled back " + UUID.randomUUID())
                                .build())
                        .send())
                .expect(201)
                .json()
                .getString("id");
        stoodUnderBoth(UUID.fromString(subject));
    }
}
