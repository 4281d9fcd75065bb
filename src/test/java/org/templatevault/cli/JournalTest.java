package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

class JournalTest {
    private static final JsonObject BATCH =
            Json.createObjectBuilder().add("source", "records").build();
    private static final Problem BAD = Problem.found(422, "invalid-field", "No");

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("records.journal");
    }

    private static JsonObject result(String subject) {
        return Json.createObjectBuilder()
                .add("subject", subject)
                .add("template", "t")
                .add("version", 1)
                .build();
    }

    private String refusal(JsonObject batch) {
        RefusedException refused = assertThrows(RefusedException.class, () -> Journal.open(file, batch));
        return refused.problem().code();
    }

    @Test
    void knowsAfterAKillWhatWasSentAndNotAnswered() throws Exception {
        String key;
        try (Journal journal = Journal.open(file, BATCH)) {
            Journal.Chunk first = journal.send(List.of("a", "b"));
            journal.note(List.of(Journal.stored("a", result("s")), Journal.failed("b", BAD)));
            assertEquals(1, first.number());
            key = journal.key(journal.send(List.of("c", "d")));
        }
        try (Journal journal = Journal.open(file, BATCH)) {
            assertTrue(journal.isStored("a"));
            assertFalse(journal.isSettled("b"), "what was refused is tried again");
            Journal.Chunk open = journal.unanswered().get(0);
            assertEquals(1, journal.unanswered().size());
            assertEquals(List.of("c", "d"), open.records());
            assertEquals(key, journal.key(open), "the vault knows it by this name");
            assertEquals(3, journal.send(List.of("b")).number(), "a number is never used twice");
        }
    }

    @Test
    void doesNotTakeAChunkUpAgainWhoseFailuresWereSentInALaterOne() throws Exception {
        try (Journal journal = Journal.open(file, BATCH)) {
            journal.send(List.of("a", "b"));
            journal.note(List.of(Journal.stored("a", result("s")), Journal.failed("b", BAD)));
            journal.send(List.of("b"));
            assertEquals(
                    List.of(2),
                    journal.unanswered().stream().map(Journal.Chunk::number).toList());
        }
    }

    @Test
    void passesOverALineThatWasBeingWrittenWhenItWasKilled() throws Exception {
        try (Journal journal = Journal.open(file, BATCH)) {
            journal.send(List.of("a"));
        }
        Files.writeString(file, "{\"record\":\"a\",\"subj", StandardOpenOption.APPEND);
        try (Journal journal = Journal.open(file, BATCH)) {
            assertEquals(1, journal.unanswered().size());
            journal.note(List.of(Journal.stored("a", result("s"))));
        }
        try (Journal journal = Journal.open(file, BATCH)) {
            assertTrue(journal.isStored("a"), "what came after the cut is whole");
        }
    }

    @Test
    void neverSendsAgainWhatPerhapsIsStored() throws Exception {
        try (Journal journal = Journal.open(file, BATCH)) {
            journal.send(List.of("a"));
            journal.note(List.of(Journal.unknown("a", BAD)));
            assertTrue(journal.isSettled("a"));
            assertFalse(journal.isStored("a"));
            assertTrue(journal.failure("a").isPresent());
            assertEquals(List.of(), journal.unanswered());
        }
    }

    @Test
    void givesARecordTheSameNewSubjectInEveryRunAndNoOther() throws Exception {
        UUID first;
        try (Journal journal = Journal.open(file, BATCH)) {
            first = journal.subject("a");
            assertNotEquals(first, journal.subject("b"));
        }
        try (Journal journal = Journal.open(file, BATCH)) {
            assertEquals(first, journal.subject("a"));
        }
        try (Journal other = Journal.open(directory.resolve("other"), BATCH)) {
            assertNotEquals(first, other.subject("a"));
        }
        assertEquals(7, first.version());
        assertEquals(2, first.variant());
    }

    @Test
    void refusesTheJournalOfAnotherBatch() throws Exception {
        Journal.open(file, BATCH).close();
        assertEquals(
                "journal-differs",
                refusal(Json.createObjectBuilder().add("source", "others").build()));
    }

    @Test
    void refusesAFileThatIsNoJournal() throws IOException {
        for (String content :
                new String[] {"\n", "hello\n", "[]\n", "{}\n", "{\"journal\":1}\n", "{\"journal\":\"1\"}\n"}) {
            Files.writeString(file, content);
            assertEquals("journal-damaged", refusal(BATCH), content);
        }
    }

    @Test
    void refusesAJournalWithABrokenLineInTheMiddle() throws Exception {
        try (Journal journal = Journal.open(file, BATCH)) {
            journal.send(List.of("a"));
        }
        Files.writeString(file, "{\"chunk\":\n{\"record\":\"a\"}\n", StandardOpenOption.APPEND);
        assertEquals("journal-damaged", refusal(BATCH));
    }

    @Test
    void isHeldByOneAndReadableByItsOwnerOnly() throws Exception {
        try (Journal held = Journal.open(file, BATCH)) {
            assertThrows(OverlappingFileLockException.class, () -> Journal.open(file, BATCH));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            assertEquals(List.of(), held.unanswered());
        }
    }
}
