package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.client.RefusedException;

class SourceTest {
    private static final String SUBJECT = "0192f0a4-7c11-7abc-8def-0123456789ab";

    @TempDir
    Path directory;

    private void write(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        Files.writeString(file, content);
    }

    private static String refusal(Source source, String name) {
        return assertThrows(RefusedException.class, () -> source.read(name))
                .problem()
                .code();
    }

    @Test
    void takesTheFilesOfADirectoryInOneOrder() throws Exception {
        write("b.dat", "B");
        write("a.dat", "A");
        write("a.txt", "text");
        write(SUBJECT + "/c.dat", "C");
        write(".hidden.dat", "no");
        write(".git/d.dat", "no");
        Files.createSymbolicLink(directory.resolve("link.dat"), directory.resolve("a.dat"));
        Source source = DirectorySource.of(directory, "*.dat");
        assertEquals(List.of(SUBJECT + "/c.dat", "a.dat", "b.dat"), source.names());
        assertEquals(SUBJECT, source.read(SUBJECT + "/c.dat").getString("subject"));
        assertFalse(source.read("a.dat").containsKey("subject"), "a file of its own is a new subject's");
        assertEquals("QQ==", source.read("a.dat").getString("data"));
    }

    @Test
    void refusesAFileThatIsGoneOrTooLarge() throws Exception {
        write("a.dat", "A");
        try (RandomAccessFile large =
                new RandomAccessFile(directory.resolve("b.dat").toFile(), "rw")) {
            large.setLength(EnrolCommand.MOST_BYTES + 1L);
        }
        Source source = DirectorySource.of(directory, "*");
        Files.delete(directory.resolve("a.dat"));
        assertEquals("record-unreadable", refusal(source, "a.dat"));
        assertEquals("template-too-large", refusal(source, "b.dat"));
    }

    @Test
    void takesTheLinesOfAFileByTheirNumbers() throws Exception {
        write("records.ndjson", "{\"data\":\"ä\"}\n\n  \n{\"data\":\"2\"}\r\n{\"data\":\"3\"}");
        Source source = LineSource.of(directory.resolve("records.ndjson"));
        assertEquals(List.of("line 1", "line 4", "line 5"), source.names());
        assertEquals("ä", source.read("line 1").getString("data"));
        assertEquals("2", source.read("line 4").getString("data"));
        assertEquals("3", source.read("line 5").getString("data"));
    }

    @Test
    void givesWhatLiesBelowADirectoryThatIsNamedByAUuidToThatSubject() throws Exception {
        write(SUBJECT + "/left/iris.dat", "L");
        Source source = DirectorySource.of(directory, "*");
        assertEquals(SUBJECT, source.read(SUBJECT + "/left/iris.dat").getString("subject"));
        assertThrows(
                IllegalArgumentException.class,
                () -> DirectorySource.of(directory.resolve(SUBJECT), "*"),
                "its files could be that subject's, or each a new one's");
        assertThrows(IllegalArgumentException.class, () -> DirectorySource.of(directory, "["));
    }

    /** Two files put together, of which the first had no end of a line. */
    @Test
    void refusesALineOfTwoObjectsAndOneOfTooMany() throws Exception {
        write(
                "records.ndjson",
                "{\"data\":\"AA==\"}{\"data\":\"AQ==\"}\n{\"a\":" + "[".repeat(5000) + "\n{\"data\":\"3\"}\n");
        Source source = LineSource.of(directory.resolve("records.ndjson"));
        assertEquals("record-unreadable", refusal(source, "line 1"));
        assertEquals("record-unreadable", refusal(source, "line 2"));
        assertEquals("3", source.read("line 3").getString("data"));
    }

    @Test
    void refusesLinesThatAreNoObjects() throws Exception {
        write("records.ndjson", "hello\n[1]\n{\"a\":\n\"x\"\n");
        Source source = LineSource.of(directory.resolve("records.ndjson"));
        assertEquals(4, source.names().size());
        for (String name : source.names()) {
            assertEquals("record-unreadable", refusal(source, name), name);
        }
        assertEquals("record-unreadable", refusal(source, "line 9"));
    }
}
