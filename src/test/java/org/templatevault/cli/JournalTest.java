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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

class JournalTest {
    private static final JsonObject BATCH =
            Json.createObjectBuilder().add("source", "records").build();
    private static final JsonObject OPTIONS =
            Json.createObjectBuilder().add("modality", "IRIS").build();
    private static final Problem BAD = Problem.found(422, "invalid-field", "No");

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("records.journal");
    }

    private static Map<String, String> sums(String... records) {
        Map<String, String> sums = new LinkedHashMap<>();
        List.of(records).forEach(record -> sums.put(record, "sum of " + record));
        return sums;
    }

    private static JsonObject content(String data) {
        return Json.createObjectBuilder().add("data", data).build();
    }

    private static JsonObject result(String subject) {
        return Json.createObjectBuilder()
                .add("subject", subject)
                .add("template", "t")
                .add("version", 1)
                .build();
    }

    private String refusal(JsonObject batch) {
        RefusedException refused = assertThrows(RefusedException.class, () -> Journal.open(file, batch, OPTIONS));
        return refused.problem().code();
    }

    @Test
    void knowsAfterAKillWhatWasSentAndNotAnswered() throws Exception {
        String key;
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            Journal.Chunk first = journal.send(sums("a", "b"));
            journal.note(List.of(Journal.stored("a", "sum of a", result("s")), Journal.failed("b", BAD)));
            assertEquals(1, first.number());
            key = journal.key(journal.send(sums("c", "d")));
        }
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            assertTrue(journal.isStored("a"));
            assertFalse(journal.isSettled("b"), "what was refused is tried again");
            Journal.Chunk open = journal.unanswered().get(0);
            assertEquals(1, journal.unanswered().size());
            assertEquals(List.of("c", "d"), open.records());
            assertEquals(key, journal.key(open), "the vault knows it by this name");
            assertEquals(3, journal.send(sums("b")).number(), "a number is never used twice");
        }
    }

    @Test
    void doesNotTakeAChunkUpAgainWhoseFailuresWereSentInALaterOne() throws Exception {
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.send(sums("a", "b"));
            journal.note(List.of(Journal.stored("a", "sum of a", result("s")), Journal.failed("b", BAD)));
            journal.send(sums("b"));
            assertEquals(
                    List.of(2),
                    journal.unanswered().stream().map(Journal.Chunk::number).toList());
        }
    }

    @Test
    void passesOverALineThatWasBeingWrittenWhenItWasKilled() throws Exception {
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.send(sums("a"));
        }
        Files.writeString(file, "{\"record\":\"a\",\"subj", StandardOpenOption.APPEND);
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            assertEquals(1, journal.unanswered().size());
            journal.note(List.of(Journal.stored("a", "sum of a", result("s"))));
        }
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            assertTrue(journal.isStored("a"), "what came after the cut is whole");
        }
    }

    @Test
    void neverSendsAgainWhatPerhapsIsStored() throws Exception {
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.send(sums("a"));
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
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            first = journal.subject("a");
            assertNotEquals(first, journal.subject("b"));
        }
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            assertEquals(first, journal.subject("a"));
        }
        try (Journal other = Journal.open(directory.resolve("other"), BATCH, OPTIONS)) {
            assertNotEquals(first, other.subject("a"));
        }
        assertEquals(7, first.version());
        assertEquals(2, first.variant());
    }

    @Test
    void refusesTheJournalOfAnotherBatch() throws Exception {
        Journal.open(file, BATCH, OPTIONS).close();
        assertEquals(
                "journal-differs",
                refusal(Json.createObjectBuilder().add("source", "others").build()));
    }

    @Test
    void knowsWhatWasStoredFromWhatHasTakenItsNameSince() throws Exception {
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.send(Map.of("line 1", journal.sum(content("AA=="))));
            journal.note(List.of(Journal.stored("line 1", journal.sum(content("AA==")), result("s"))));
        }
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            assertFalse(journal.isOther("line 1", content("AA==")));
            assertTrue(journal.isOther("line 1", content("AQ==")));
            assertFalse(journal.isOther("line 2", content("AQ==")), "nothing is known of it");
        }
        assertFalse(Files.readString(file).contains("AA=="), "no content stands in it");
    }

    @Test
    void takesOtherOptionsForWhatIsLeft() throws Exception {
        JsonObject others =
                Json.createObjectBuilder(OPTIONS).add("policy", "visitors").build();
        List<String> records = List.of("a", "b");
        try (Journal journal = Journal.open(file, BATCH, others)) {
            journal.send(sums("a", "b"));
            RefusedException open = assertThrows(RefusedException.class, () -> journal.use(OPTIONS, records));
            assertEquals("journal-differs", open.problem().code(), "an answer is waited for");
            journal.note(List.of(Journal.stored("a", "sum of a", result("s")), Journal.failed("b", BAD)));
            journal.use(OPTIONS, records);
            journal.send(sums("b"));
            journal.note(List.of(Journal.stored("b", "sum of b", result("s"))));
        }
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.use(OPTIONS, records);
            RefusedException nothing = assertThrows(RefusedException.class, () -> journal.use(others, records));
            assertEquals("journal-differs", nothing.problem().code(), "nothing is left");
        }
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
        try (Journal journal = Journal.open(file, BATCH, OPTIONS)) {
            journal.send(sums("a"));
        }
        Files.writeString(file, "{\"chunk\":\n{\"record\":\"a\"}\n", StandardOpenOption.APPEND);
        assertEquals("journal-damaged", refusal(BATCH));
    }

    @Test
    void isHeldByOneAndReadableByItsOwnerOnly() throws Exception {
        try (Journal held = Journal.open(file, BATCH, OPTIONS)) {
            assertThrows(OverlappingFileLockException.class, () -> Journal.open(file, BATCH, OPTIONS));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            assertEquals(List.of(), held.unanswered());
        }
    }
}
