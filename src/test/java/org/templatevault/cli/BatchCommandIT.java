package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.cli.ClientProcess.run;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.cli.ClientProcess.Outcome;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.TestHome;

/** Many records at once: what is stored, what is not, and what a run that was killed leaves to the next. */
class BatchCommandIT extends Commands {
    @Test
    void storesADirectoryTriesFailuresAgainAndReadsItBack() throws Exception {
        Path records = Files.createDirectories(directory.resolve("records"));
        UUID known = as("enroller").store(UUID.randomUUID(), new byte[] {1}).subject();
        Files.write(
                Files.createDirectories(records.resolve(known.toString())).resolve("a.dat"),
                IsoTemplates.fingerprint(9, 1));
        for (int i = 0; i < 20; i++) {
            Files.write(records.resolve("r" + i + ".dat"), IsoTemplates.fingerprint(i, i));
        }
        Files.createFile(records.resolve("empty.dat"));
        String[] batch = {
            "batch",
            "enrol",
            records.toString(),
            "--modality",
            "FINGERPRINT",
            "--format",
            "ISO_19794_2_2005",
            "--chunk",
            "7",
            "--json"
        };
        JsonObject first = at(1, batch).json();
        assertEquals(21, first.getInt("stored"), first::toString);
        String failures = Files.readString(Path.of(first.getString("failures")));
        assertTrue(failures.contains("\"empty.dat\"") && failures.contains("invalid-field"), failures);
        assertEquals(
                2,
                as("reader")
                        .get("/subjects/" + known + "/templates")
                        .send()
                        .json()
                        .getJsonArray("templates")
                        .size());

        Files.write(records.resolve("empty.dat"), new byte[] {7});
        JsonObject second = at(0, batch).json();
        assertEquals(21, second.getInt("storedEarlier"), second::toString);
        assertFalse(Files.exists(directory.resolve("records.failures")), "nothing is left to mend");
        assertSays(
                "journal-differs: ",
                at(5, "batch", "enrol", records.toString(), "--modality", "FACE", "--format", "OPAQUE"));
        Files.write(records.resolve("r0.dat"), IsoTemplates.fingerprint(9, 99));
        Files.write(records.resolve("r20.dat"), IsoTemplates.fingerprint(9, 20));
        long before = rows.number("select count(*) from vault.template");
        JsonObject otherDay = at(1, batch).json();
        assertEquals(21, otherDay.getInt("stored"), otherDay::toString);
        assertEquals(21, otherDay.getInt("storedEarlier"), otherDay::toString);
        assertEquals(
                before,
                rows.number("select count(*) from vault.template"),
                "with a journal of its own the rest of it would be stored twice");
        Files.delete(records.resolve("r20.dat"));
        assertTrue(
                Files.readString(Path.of(otherDay.getString("failures"))).contains("source-changed"),
                "it must not be taken for the one that was stored under this name");
        Files.write(records.resolve("r0.dat"), IsoTemplates.fingerprint(0, 0));

        Path copies = directory.resolve("copies");
        String[] fetch = {
            "batch",
            "fetch",
            first.getString("journal"),
            "-o",
            copies.toString(),
            "--purpose",
            "support",
            "--chunk",
            "8",
            "--json"
        };
        assertEquals(22, at(0, fetch).json().getInt("written"));
        assertEquals(contents(records), contents(copies));
        assertEquals(22, at(0, fetch).json().getInt("thereBefore"));
        Path list = Files.writeString(
                directory.resolve("list"), "{\"subject\":\"" + known + "\",\"template\":\"" + NOBODY + "\"}\n");
        assertEquals(
                1,
                at(1, "batch", "fetch", list.toString(), "-o", copies.toString(), "--purpose", "support", "--json")
                        .json()
                        .getInt("failed"));
        Files.writeString(list, "{\"subject\":\"../../etc\",\"template\":\"" + NOBODY + "\"}\n");
        assertSays("line 1", at(2, "batch", "fetch", list.toString(), "-o", copies.toString(), "--purpose", "support"));
    }

    /** The files' bytes, in the order of the bytes. */
    private static List<String> contents(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            List<String> contents = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.add(java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
            }
            return contents.stream().sorted().toList();
        }
    }

    @Test
    void storesLinesOfJson() throws Exception {
        Path lines = Files.writeString(directory.resolve("records.ndjson"), """
                {"data":"AAEC"}
                {"data":"AAEC","modality":"FACE","quality":70}
                hello
                {"modality":"IRIS"}
                """);
        JsonObject done = at(
                        1, "batch", "enrol", lines.toString(), "--modality", "VOICE", "--format", "OPAQUE", "--json")
                .json();
        assertEquals(2, done.getInt("stored"), done::toString);
        String failures = Files.readString(directory.resolve("records.ndjson.failures"));
        assertTrue(failures.contains("\"line 3\"") && failures.contains("\"line 4\""), failures);
        assertSays("file: ", at(1, "batch", "enrol", directory.resolve("absent").toString()));
    }

    @Tag("nightly")
    @Test
    void storesNothingTwiceAfterAKillInTheMiddle() throws Exception {
        Path records = Files.createDirectories(directory.resolve("many"));
        for (int i = 0; i < 240; i++) {
            Files.write(records.resolve("r" + i), IsoTemplates.fingerprint(12, i));
        }
        String marker = UUID.randomUUID().toString();
        String[] batch = {
            "batch",
            "enrol",
            records.toString(),
            "--modality",
            "FINGERPRINT",
            "--format",
            "ISO_19794_2_2005",
            "--extractor-name",
            marker,
            "--chunk",
            "4",
            "--home",
            home,
            "--json"
        };
        Path journal = directory.resolve("many.journal");
        ClientProcess first = ClientProcess.start(Map.of(), batch);
        TestHome.await("some are stored", PATIENCE, () -> Files.exists(journal) && count(marker) >= 8);
        try (var hold = vault.proxy().holdAnswer("insert into vault.template")) {
            hold.awaitHeld(PATIENCE);
            first.process().destroyForcibly().waitFor();
            hold.release();
        }
        long chunks = Files.readAllLines(journal).stream()
                .filter(line -> line.startsWith("{\"chunk\""))
                .count();
        TestHome.await("what was under way is stored", PATIENCE, () -> count(marker) == 4 * chunks);
        assertTrue(chunks < 60, "it was killed in the middle, at " + chunks);

        String deleted = deleteTheNewest(marker);
        Outcome second = run(batch).expect(1);
        assertEquals(239, second.json().getInt("stored"));
        String failures = Files.readString(Path.of(second.json().getString("failures")));
        assertTrue(failures.contains("template-deleted"), failures);
        assertEquals(239, count(marker), "nothing is stored twice, nor what was deleted meanwhile");
        assertEquals(
                239,
                rows.number("select count(distinct subject_id) from vault.template where extractor_name = ?", marker));
        assertEquals(0, rows.number("select count(*) from vault.template where subject_id = ?::uuid", deleted));
        assertEquals(239, run(batch).expect(1).json().getInt("storedEarlier"));
        assertEquals(239, count(marker));
    }

    /** One of the chunk whose answer the client that was killed has not had; its subject. */
    private String deleteTheNewest(String marker) {
        String[] newest = rows.texts(
                        "select subject_id || ' ' || id from vault.template where extractor_name = ?"
                                + " order by created_at desc limit 1",
                        marker)
                .get(0)
                .split(" ");
        as("eraser")
                .delete("/subjects/" + newest[0] + "/templates/" + newest[1])
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(204);
        return newest[0];
    }

    private long count(String marker) {
        return rows.number("select count(*) from vault.template where extractor_name = ?", marker);
    }
}
