package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.OfflineVerifier;
import org.templatevault.testing.OfflineVerifier.Result;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** The one file that verifies an export without the vault, run as an auditor runs it. */
class OfflineVerifierIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    @TempDir
    static Path directory;

    private static List<String> export;

    @BeforeAll
    static void exportsWhileEntriesAreWritten() throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            while (!ended.get()) {
                as("reader")
                        .read(as("enroller").store(UUID.randomUUID(), TEMPLATE))
                        .expect(200);
            }
        });
        Rows rows = new Rows(SharedVault.server().home());
        long blocks = rows.number("select count(*) from vault.audit_block");
        TestHome.await(
                "four more blocks",
                java.time.Duration.ofSeconds(20),
                () -> rows.number("select count(*) from vault.audit_block") > blocks + 4);
        String text = as("auditor").get("/audit/export").send().expect(200).text();
        ended.set(true);
        writer.join();
        export = text.lines().toList();
        Files.writeString(
                directory.resolve("public.pem"),
                as("auditor").get("/audit/keys").send().expect(200).text());
        Files.writeString(
                directory.resolve("checkpoints.ndjson"),
                as("operator")
                        .get("/audit/checkpoints?limit=3")
                        .send()
                        .expect(200)
                        .text());
    }

    private static JsonObject json(String line) {
        return Json.createReader(new StringReader(line)).readObject();
    }

    private static Result verify(List<String> lines, boolean withCheckpoints) throws Exception {
        Path file = Files.write(directory.resolve("export.ndjson"), lines);
        Path keys = directory.resolve("public.pem");
        return withCheckpoints
                ? OfflineVerifier.run(file, keys, directory.resolve("checkpoints.ndjson"))
                : OfflineVerifier.run(file, keys);
    }

    private static void finds(String kind, List<String> changed) throws Exception {
        Result result = verify(changed, false);
        assertEquals(1, result.code(), result::output);
        assertTrue(result.output().contains(kind + ": "), result::output);
    }

    /** The lines of the last whole block that has at least two entries: its own first. */
    private static int blockWithTwoEntries() {
        for (int i = export.size() - 3; i >= 0; i--) {
            boolean two = json(export.get(i)).getString("type").equals("block")
                    && json(export.get(i + 1)).containsKey("position")
                    && json(export.get(i + 2)).containsKey("position");
            if (two) {
                return i;
            }
        }
        throw new AssertionError("No block has two entries");
    }

    private static List<String> copy() {
        return new ArrayList<>(export);
    }

    private static boolean isOfType(String line, String type) {
        return json(line).getString("type").equals(type);
    }

    /** Where each block begins. */
    private static List<Integer> blocks() {
        return IntStream.range(0, export.size())
                .filter(i -> isOfType(export.get(i), "block"))
                .boxed()
                .toList();
    }

    /** The lines with a last line that fits them, as somebody writes it who has cut them. */
    private static List<String> ended(List<String> lines) {
        List<String> ended = new ArrayList<>(lines);
        ended.removeIf(line -> isOfType(line, "end"));
        if (isOfType(export.get(export.size() - 1), "end")) {
            ended.add(new JsonLine()
                    .add("type", "end")
                    .add(
                            "blocks",
                            ended.stream()
                                    .filter(line -> isOfType(line, "block"))
                                    .count())
                    .add(
                            "entries",
                            ended.stream()
                                    .filter(line -> isOfType(line, "entry"))
                                    .count())
                    .toString());
        }
        return ended;
    }

    private static String entry(JsonObject entry, int position, String line) {
        return new JsonLine()
                .add("type", "entry")
                .add("block", entry.getJsonNumber("block").longValue())
                .add("position", position)
                .add("entry", entry.getString("entry"))
                .add("leaf", HexFormat.of().formatHex(Merkle.leaf(line)))
                .add("line", line)
                .toString();
    }

    @Test
    void findsAnExportIntactThatWasMadeWhileEntriesWereWritten() throws Exception {
        Result result = verify(export, false);
        assertEquals(0, result.code(), result::output);
        assertTrue(result.output().contains("\nintact: "), result::output);
    }

    @Test
    void namesAnEntryThatWasChanged() throws Exception {
        List<String> changed = copy();
        int at = blockWithTwoEntries() + 1;
        changed.set(at, changed.get(at).replace("allowed", "denied"));
        finds("entry-changed", changed);
    }

    @Test
    void namesAnEntryThatWasRemoved() throws Exception {
        List<String> changed = copy();
        changed.remove(blockWithTwoEntries() + 1);
        finds("entry-removed", changed);
    }

    @Test
    void namesAnEntryThatWasInserted() throws Exception {
        List<String> changed = copy();
        int at = blockWithTwoEntries() + 1;
        changed.add(at, changed.get(at).replace("\"position\":0", "\"position\":9999"));
        finds("entry-inserted", changed);
    }

    /** A place that no block has must not keep the root from being compared. */
    @Tag("nightly")
    @Test
    void namesAnEntryThatWasChangedWithItsHashBesideAnEntryBeforeTheFirst() throws Exception {
        List<String> changed = copy();
        int at = blockWithTwoEntries() + 1;
        JsonObject first = json(changed.get(at));
        JsonObject second = json(changed.get(at + 1));
        changed.set(at, entry(first, 0, first.getString("line").replace("\"allowed\"", "\"denied\"")));
        finds("block-entries-changed", changed);
        changed.add(at + 2, entry(second, -1, second.getString("line")));
        finds("entry-inserted", ended(changed));
    }

    @Test
    void namesABlockWhoseEntriesWereReordered() throws Exception {
        List<String> changed = copy();
        int at = blockWithTwoEntries() + 1;
        String first = changed.get(at).replace("\"position\":0", "\"position\":1");
        changed.set(at, changed.get(at + 1).replace("\"position\":1", "\"position\":0"));
        changed.set(at + 1, first);
        finds("entries-reordered", changed);
    }

    @Test
    void namesABlockThatWasRemovedOrChanged() throws Exception {
        int at = blockWithTwoEntries();
        int next = at + 1;
        while (!json(export.get(next)).getString("type").equals("block") && next < export.size() - 1) {
            next++;
        }
        List<String> removed = copy();
        removed.subList(0, at).clear();
        removed.subList(1, 3).clear();
        finds("entry-removed", removed);
        List<String> changed = copy();
        changed.set(at, changed.get(at).replace("sealedAt\\\":\\\"2", "sealedAt\\\":\\\"3"));
        finds("block-changed", changed);
        List<String> without = copy();
        without.subList(blocks().get(1), blocks().get(2)).clear();
        finds("block-removed", without);
    }

    @Test
    void namesABeginningThatWasCut() throws Exception {
        List<String> cut = copy();
        cut.subList(blocks().get(0), blocks().get(1)).clear();
        finds("block-removed", ended(cut));
    }

    @Test
    void namesATailThatWasCutByACheckpoint() throws Exception {
        List<Integer> starts = blocks();
        List<String> cut = ended(export.subList(0, starts.get(starts.size() - 1)));
        assertEquals(0, verify(cut, false).code());
        Result result = verify(cut, true);
        assertEquals(1, result.code(), result::output);
        assertTrue(result.output().contains("tail-cut: "), result::output);
    }

    /** Nothing proves a line that says so: a month is given up as a whole, and long after it is over. */
    @Tag("nightly")
    @Test
    void doesNotTakeEntriesForGivenUpThatWereTakenOut() throws Exception {
        String month =
                json(json(export.get(blockWithTwoEntries())).getString("line")).getString("month");
        List<String> one = copy();
        int at = blockWithTwoEntries();
        one.subList(at + 1, at + 3).clear();
        while (isOfType(one.get(at + 1), "entry")) {
            one.remove(at + 1);
        }
        one.add(0, "{\"type\":\"pruned\",\"month\":\"" + month + "\"}");
        finds("entry-removed", ended(one));
        List<String> all = copy();
        all.removeIf(line -> isOfType(line, "entry"));
        all.add(0, "{\"type\":\"pruned\",\"month\":\"" + month + "\"}");
        finds("entry-removed", ended(all));
    }

    /** The keys may be others than those of its time: whoever took the newest away would go unseen. */
    @Test
    void namesACheckpointThatNoneOfTheKeysHasSigned() throws Exception {
        List<String> told = new ArrayList<>(Files.readAllLines(directory.resolve("checkpoints.ndjson")));
        JsonObject last = json(told.remove(told.size() - 1));
        told.add(new JsonLine()
                .add("type", "block")
                .add("line", last.getString("line"))
                .add("signature", json(told.get(0)).getString("signature"))
                .toString());
        String vault = json(last.getString("line")).getString("vault");
        String unsigned = told.get(told.size() - 1);
        told.add(unsigned.replace(vault, UUID.randomUUID().toString()));
        told.add("{\"line\":\"{\\\"block\\\":5}\",\"signature\":\"AA==\"}");
        Path file = Files.write(directory.resolve("unsigned.ndjson"), told);
        Result result = OfflineVerifier.run(
                Files.write(directory.resolve("export.ndjson"), export), directory.resolve("public.pem"), file);
        assertEquals(1, result.code(), result::output);
        assertTrue(result.output().contains("checkpoint-unsigned: "), result::output);
    }

    @Test
    void provesNothingByAFileWithoutACheckpoint() throws Exception {
        Path none =
                Files.writeString(directory.resolve("none.ndjson"), "<109>1 - - template-vault - checkpoint - {}\n");
        Result result = OfflineVerifier.run(
                Files.write(directory.resolve("export.ndjson"), export), directory.resolve("public.pem"), none);
        assertEquals(2, result.code(), result::output);
        assertTrue(result.output().contains("incomplete: "), result::output);
        assertTrue(verify(export, true).output().contains("3 checkpoints compared"), "and says how many there were");
    }

    @Test
    void endsWithWhatItHolds() {
        JsonObject end = json(export.get(export.size() - 1));
        assertEquals("end", end.getString("type"), end::toString);
        assertEquals(blocks().size(), end.getInt("blocks"));
        assertEquals(export.stream().filter(line -> isOfType(line, "entry")).count(), end.getInt("entries"));
    }

    @Tag("nightly")
    @Test
    void isSaidToBeIncompleteWhereItBreaksOff() throws Exception {
        List<Integer> starts = blocks();
        for (int upTo : new int[] {0, starts.get(starts.size() - 1), export.size() - 1}) {
            isIncomplete(export.subList(0, upTo));
        }
        isIncomplete(ended(List.of()));
        List<String> fewer = copy();
        fewer.removeIf(line -> isOfType(line, "entry") && !json(line).containsKey("block"));
        fewer.subList(starts.get(starts.size() - 1), fewer.size() - 1).clear();
        isIncomplete(fewer);
    }

    private static void isIncomplete(List<String> lines) throws Exception {
        Result result = verify(lines, false);
        assertEquals(2, result.code(), result::output);
        assertTrue(result.output().contains("incomplete: "), result::output);
        assertFalse(result.output().contains("head of "), result::output);
    }

    @Test
    void refusesFilesThatAreNone() throws Exception {
        assertEquals(2, verify(List.of("{\"type\":\"something\"}"), false).code());
        List<String> afterTheEnd = copy();
        afterTheEnd.add(export.get(0));
        assertEquals(2, verify(afterTheEnd, false).code());
        List<String> backwards = copy();
        Collections.reverse(backwards);
        assertEquals(1, verify(ended(backwards), false).code());
    }
}
