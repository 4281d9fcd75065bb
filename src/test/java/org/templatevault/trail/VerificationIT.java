package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.testing.Answer;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/**
 * Somebody with the database changes trail and rows behind the vault's back; a verification names it. The sealer is held
 * off meanwhile by its lease, and every change is undone.
 */
class VerificationIT extends BehindTheVaultsBack {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final String requestId = "verify-" + UUID.randomUUID();
    private Stored stored;
    private String entry;
    private long block;

    @BeforeEach
    void storesATemplateAndHoldsTheSealerOff() {
        as("auditor").get("/keys").header("X-Request-Id", requestId).send().expect(200);
        stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("reader").read(stored).expect(200);
        awaitSealed();
        holdTheSealerOff();
        undo.add(this::letSeal);
        entry = rows.texts("select id::text from vault.audit_entry where line::json ->> 'request' = ?", requestId)
                .get(0);
        block = rows.number("select block from vault.audit_block_entry where entry = ?::uuid", entry);
    }

    /** Somebody's lock, as long as a statement that reads a large trail takes: longer than an answer is waited for otherwise. */
    @Test
    @Tag("nightly")
    void waitsForTheDatabaseForMoreThanAMinute() throws Exception {
        try (Connection other = vault.home().superuser().getConnection();
                Statement lock = other.createStatement()) {
            other.setAutoCommit(false);
            lock.execute("lock table vault.audit_block in access exclusive mode");
            CompletableFuture<Answer> verifying = CompletableFuture.supplyAsync(() -> as("auditor")
                    .post("/audit:verify")
                    .timeout(Duration.ofMinutes(3))
                    .json("{}")
                    .send());
            rows.awaitBlocked("from vault.audit_block");
            TestHome.pause(Duration.ofSeconds(63));
            other.rollback();
            verifying.join().expect(200);
        }
    }

    @Test
    void findsNothingWhereNothingWasChanged() {
        assertEquals(List.of(), found("template", stored.template()));
        assertEquals(List.of(), found("entry", entry));
        assertEquals(List.of(), found("block", block));
    }

    @Test
    void namesAnEntryWhoseLineWasChanged() {
        keep("audit_entry", "id = ?::uuid", entry);
        rows.change("update vault.audit_entry set line = replace(line, 'auditor', 'nobody') where id = ?::uuid", entry);
        assertEquals(List.of("entry-changed"), found("entry", entry));
    }

    @Test
    void namesAnEntryOfWhichOnlyAColumnWasChanged() {
        keep("audit_entry", "id = ?::uuid", entry);
        rows.change("update vault.audit_entry set caller = 'somebody' where id = ?::uuid", entry);
        assertEquals(List.of("entry-changed"), found("entry", entry));
    }

    @Test
    void namesAnEntryThatWasRemovedAloneOrWithItsMembership() {
        keep("audit_block_entry", "entry = ?::uuid", entry);
        keep("audit_entry", "id = ?::uuid", entry);
        rows.change("delete from vault.audit_entry where id = ?::uuid", entry);
        assertEquals(List.of("entry-removed"), found("entry", entry));
        rows.change("delete from vault.audit_block_entry where entry = ?::uuid", entry);
        assertEquals(List.of("entry-removed"), found("block", block));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"x\"", "[{}]", "[{\"bucket\":64}]"})
    void namesAWaitingEntryOfWhoseChangesNothingCanBeRead(String added) {
        UUID made = UUID.randomUUID();
        keep("audit_entry", "id = ?", made);
        keep("audit_pending", "id = ?", made);
        rows.change(
                "insert into vault.audit_entry select at, ?, action, outcome, caller, subject_tag,"
                        + " replace(left(line, -1), id::text, ?) || ',\"added\":' || ? || '}'"
                        + " from vault.audit_entry where id = ?::uuid",
                made,
                made.toString(),
                added,
                entry);
        rows.change("insert into vault.audit_pending select at, id from vault.audit_entry where id = ?", made);
        assertEquals(List.of("entry-changed"), found("entry", made));
    }

    @Test
    void namesAnEntryThatWasInserted() {
        UUID made = UUID.randomUUID();
        keep("audit_entry", "id = ?", made);
        rows.change(
                "insert into vault.audit_entry select at, ?, action, outcome, caller, subject_tag, line"
                        + " from vault.audit_entry where id = ?::uuid",
                made,
                entry);
        assertEquals(List.of("entry-inserted"), found("entry", made));
        keep("audit_block_entry", "entry = ?", made);
        rows.change(
                "insert into vault.audit_block_entry select at, ?, block, 5000, leaf from vault.audit_block_entry"
                        + " where entry = ?::uuid",
                made,
                entry);
        assertEquals(List.of("entry-inserted"), found("entry", made));
    }

    /** A membership in a block that cannot be makes no entry a sealed one. */
    @ParameterizedTest
    @ValueSource(longs = {0, -7, 1_000_000})
    void namesAnEntryInABlockThatCannotBe(long number) {
        UUID made = UUID.randomUUID();
        keep("audit_entry", "id = ?", made);
        keep("audit_block_entry", "entry = ?", made);
        rows.change(
                "insert into vault.audit_entry select at, ?, action, outcome, caller, subject_tag, line"
                        + " from vault.audit_entry where id = ?::uuid",
                made,
                entry);
        rows.change(
                "insert into vault.audit_block_entry select at, ?, ?, 0, leaf from vault.audit_block_entry"
                        + " where entry = ?::uuid",
                made,
                number,
                entry);
        assertEquals(List.of(number < 1 ? "entry-inserted" : "tail-cut"), found("block", number));
        assertEquals(number < 1 ? List.of("entry-inserted") : List.of(), found("entry", made));
    }

    /** That so many blocks in the middle are gone must not hide the one after the newest. */
    @Test
    void namesABlockAfterTheNewestHoweverManyBeforeItAreGone() {
        long newest = rows.number("select max(number) from vault.audit_block");
        keep("audit_block", "number = ?", newest);
        keep("audit_block_entry", "position = 77777");
        rows.change("update vault.audit_block set number = number + 200 where number = ?", newest);
        undo.add(() -> rows.change("delete from vault.audit_block where number = ?", newest + 200));
        rows.change(
                "insert into vault.audit_block_entry select at, gen_random_uuid(), ? + i, 77777, leaf"
                        + " from vault.audit_block_entry, generate_series(1, 150) i where entry = ?::uuid",
                newest,
                entry);
        rows.change(
                "insert into vault.audit_block_entry select at, gen_random_uuid(), ?, 77777, leaf"
                        + " from vault.audit_block_entry where entry = ?::uuid",
                newest + 500,
                entry);
        assertTrue(found("block", newest + 500).contains("tail-cut"));
    }

    private static String month() {
        return Block.month(Instant.now());
    }

    /** Whoever can insert one row must not be able to end the proof of a month. */
    @Test
    void doesNotTakeAMonthForGivenUpBecauseARowSaysSo() {
        keep("audit_pruned", "month = ?", month());
        keep("audit_entry", "id = ?::uuid", entry);
        keep("audit_block_entry", "entry = ?::uuid", entry);
        rows.change("insert into vault.audit_pruned values (?, gen_random_uuid(), 1, now())", month());
        change();
        JsonObject report = verify();
        assertEquals(List.of("month-pruned-without-approval"), found("month", month()));
        assertEquals(List.of("block-entries-changed"), found("block", block));
        assertFalse(report.getBoolean("intact"), report::toString);
        assertEquals(month(), report.getJsonArray("pruned").getString(0));
    }

    /** The entry says something else, and so does its place in the block. */
    private void change() {
        rows.change(
                "update vault.audit_entry set line = replace(line, 'auditor', 'nobody'), caller = 'nobody'"
                        + " where id = ?::uuid",
                entry);
        String line = rows.texts("select line from vault.audit_entry where id = ?::uuid", entry)
                .get(0);
        rows.change("update vault.audit_block_entry set leaf = ? where entry = ?::uuid", Merkle.leaf(line), entry);
    }

    @Test
    void namesAnEntryThatWasPutIntoABlockWhoseMonthWasGivenUp() {
        UUID approval = UUID.randomUUID();
        keep("approval", "id = ?", approval);
        keep("audit_pruned", "month = ?", month());
        keep("audit_entry", "id in (select entry from vault.audit_block_entry where block = ?)", block);
        List<String> members = rows.texts("select entry::text from vault.audit_block_entry where block = ?", block);
        keep("audit_block_entry", "block = ?", block);
        rows.change(
                "insert into vault.approval (id, kind, subject, request, request_hash, state, requested_by, requested_at,"
                        + " decided_by, decided_at, not_before, expires_at, ended_at) values (?, 'drop-audit-month', ?,"
                        + " 'Drop', '\\x00', 'CARRIED_OUT', 'a', now(), 'b', now(), now(), now(), now())",
                approval,
                month());
        rows.change("insert into vault.audit_pruned values (?, ?, 1, now())", month(), approval);
        String row = rows.texts("select row_to_json(e)::text from vault.audit_entry e where id = ?::uuid", entry)
                .get(0);
        String place = rows.texts(
                        "select row_to_json(b)::text from vault.audit_block_entry b where entry = ?::uuid", entry)
                .get(0);
        members.forEach(member -> rows.change("delete from vault.audit_entry where id = ?::uuid", member));
        rows.change("delete from vault.audit_block_entry where block = ?", block);
        assertEquals(List.of(), found("block", block));
        assertEquals(List.of(), found("month", month()));
        rows.change(
                "insert into vault.audit_entry select * from json_populate_record(null::vault.audit_entry, ?::json)",
                row);
        rows.change(
                "insert into vault.audit_block_entry select * from"
                        + " json_populate_record(null::vault.audit_block_entry, ?::json)",
                place);
        change();
        assertNotEquals(List.of(), found("block", block));
    }

    @Test
    void namesAnEntryThatIsSealedAndWaitsAllTheSame() {
        keep("audit_pending", "id = ?::uuid", entry);
        rows.change("insert into vault.audit_pending select at, id from vault.audit_entry where id = ?::uuid", entry);
        assertEquals(List.of("entry-inserted"), found("entry", entry));
        assertEquals(List.of(), found("template", stored.template()));
    }

    @Test
    void namesABlockWhoseEntriesWereReordered() {
        long many = rows.number("select block from vault.audit_block_entry group by block having count(*) > 1"
                + " order by block desc limit 1");
        keep("audit_block_entry", "block = ?", many);
        rows.change(
                "update vault.audit_block_entry set position = 1 - position where block = ? and position < 2", many);
        assertEquals(List.of("entries-reordered"), found("block", many));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"block\":1.5}", "{\"block\":%s}", "no block"})
    void namesABlockThatNobodyCanRead(String line) {
        keep("audit_block", "number = ?", block);
        String deep = line.formatted("[".repeat(5000) + "]".repeat(5000));
        rows.change("update vault.audit_block set line = ? where number = ?", deep, block);
        assertTrue(found("block", block).contains("block-changed"));
        JsonObject checkpoint = Json.createObjectBuilder()
                .add(
                        "checkpoint",
                        Json.createObjectBuilder()
                                .add("type", "block")
                                .add("line", deep)
                                .add("signature", "")
                                .build()
                                .toString())
                .build();
        as("auditor").post("/audit:verify").json(checkpoint).send().problem(422, "invalid-field");
    }

    @Test
    void looksForTheBlocksOfAMonthAmongSomeThatAreNone() {
        keep("audit_block", "number = ?", block);
        rows.change("update vault.audit_block set line = 'no block' where number = ?", block);
        JsonObject refused = as("operator")
                .post("/audit/months/2010-01:drop")
                .json("{\"head\":\"" + "00".repeat(32) + "\"}")
                .send()
                .problem(422, "invalid-field");
        assertTrue(refused.toString().contains("\"month\""), refused::toString);
    }

    @Test
    void namesABlockThatWasRemovedOrChanged() {
        long earlier = block - 1;
        keep("audit_block", "number = ?", earlier);
        rows.change(
                "update vault.audit_block set line = replace(line, '\"node\"', '\"Node\"') where number = ?", earlier);
        assertTrue(found("block", earlier).contains("block-changed"));
        rows.change("delete from vault.audit_block where number = ?", earlier);
        assertEquals(List.of("block-removed"), found("from", earlier));
        assertEquals(List.of("block-removed"), found("block", earlier), "by its checkpoint");
    }

    /** A line that was written in part, or by another vault, is no checkpoint of this one. */
    @Test
    void namesALineOfTheCheckpointFileThatNobodyHasSigned() throws IOException {
        keepCheckpoints();
        List<String> told = Files.readAllLines(checkpoints);
        String line = told.get(told.size() - 1);
        AuditBlocks.Row last = Checkpoints.read(line).orElseThrow();
        String vaultId = Block.read(last.line()).vault().toString();
        Files.writeString(
                checkpoints,
                "{\"type\":\"blo\n" + line.replace(vaultId, UUID.randomUUID().toString()) + "\n",
                StandardOpenOption.APPEND);
        assertEquals(List.of(), found("block", last.number()));
        Files.writeString(
                checkpoints, line.replace("\\\"entries\\\":", "\\\"entries\\\":1") + "\n", StandardOpenOption.APPEND);
        assertEquals(List.of("checkpoint-unsigned"), found("block", last.number()));
    }

    @Test
    void takesACheckpointThatSomebodyKeptElsewhere() {
        String line = as("auditor")
                .get("/audit/checkpoints")
                .send()
                .expect(200)
                .text()
                .trim();
        JsonObject body = Json.createObjectBuilder().add("checkpoint", line).build();
        as("auditor").post("/audit:verify").json(body).send().expect(200);
        JsonObject forged = Json.createObjectBuilder()
                .add("checkpoint", line.replace("\\\"entries\\\":", "\\\"entries\\\":1"))
                .build();
        as("auditor").post("/audit:verify").json(forged).send().problem(422, "invalid-field");
    }

    @Test
    void namesATemplateRowThatWasDeleted() {
        keep("template", "subject_id = ?", stored.subject());
        rows.change("delete from vault.template where subject_id = ?", stored.subject());
        assertEquals(List.of("row-deleted"), found("template", stored.template()));
    }

    @Test
    void namesATemplateRowThatWasInserted() {
        UUID made = UUID.randomUUID();
        keep("template", "id = ?", made);
        rows.change(
                "insert into vault.template select subject_id, ?, version, dek_number, modality, position, format,"
                        + " quality, extractor_name, extractor_version, created_at, created_by, envelope"
                        + " from vault.template where id = ?",
                made,
                stored.template());
        assertEquals(List.of("row-inserted"), found("template", made));
    }

    @Test
    void namesATemplateRowThatWasClonedToAnotherSubject() {
        Stored other = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        keep("template", "id = ? and subject_id = ?", stored.template(), other.subject());
        rows.change(
                "insert into vault.template select ?, id, version, dek_number, modality, position, format,"
                        + " quality, extractor_name, extractor_version, created_at, created_by, envelope"
                        + " from vault.template where id = ?",
                other.subject(),
                stored.template());
        assertEquals(List.of("row-cloned"), found("template", stored.template()));
    }

    @Test
    void namesATemplateRowWhoseOpenColumnsWereChanged() {
        keep("template", "subject_id = ?", stored.subject());
        rows.change("update vault.template set quality = 1 where subject_id = ?", stored.subject());
        assertEquals(List.of("row-changed"), found("template", stored.template()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"infinity", "-infinity"})
    void namesATemplateRowWhoseTimeIsNone(String never) {
        keep("template", "subject_id = ?", stored.subject());
        rows.change(
                "update vault.template set created_at = ?::timestamptz where subject_id = ?", never, stored.subject());
        assertEquals(List.of("row-changed"), found("template", stored.template()));
    }

    @Test
    void namesATemplateRowThatCameBackAfterItsDeletion() {
        keep("template", "subject_id = ?", stored.subject());
        as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "enrolment-error")
                .send()
                .expect(204);
        assertEquals(List.of(), found("template", stored.template()));
        undo.get(undo.size() - 1).run();
        assertEquals(List.of("row-rolled-back"), found("template", stored.template()));
        undo.set(undo.size() - 1, () -> rows.change("delete from vault.template where id = ?", stored.template()));
    }

    @Test
    void namesAnOldImageOfARowFromBeforeARotation() {
        String old = rows.texts("select row_to_json(t)::text from vault.template t where id = ?", stored.template())
                .get(0);
        JsonObject rotation = as("key-custodian")
                .post("/rotations")
                .json("{}")
                .send()
                .expect(202)
                .json();
        TestHome.await(
                "the rotation ends",
                Duration.ofSeconds(60),
                () -> as("operator")
                        .get("/rotations/" + rotation.getString("id"))
                        .send()
                        .expect(200)
                        .json()
                        .getString("state")
                        .startsWith("DRAINED"));
        assertEquals(List.of(), found("template", stored.template()));
        keep("template", "id = ?", stored.template());
        rows.change("delete from vault.template where id = ?", stored.template());
        rows.change(
                "insert into vault.template select * from json_populate_record(null::vault.template, ?::json)", old);
        assertEquals(List.of("row-rolled-back"), found("template", stored.template()));
    }

    /** However many buckets differ, the trail and the rows are not read again for each. */
    @Test
    void namesRowsOfManyBucketsInOnePassOverThem() {
        List<Stored> changed = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            changed.add(as("enroller").store(UUID.randomUUID(), TEMPLATE));
        }
        for (Stored one : changed) {
            keep("template", "subject_id = ?", one.subject());
            rows.change("update vault.template set quality = 1 where subject_id = ?", one.subject());
        }
        List<String> named = new ArrayList<>();
        List<DatabaseProxy.RoundTrip> trips = vault.proxy()
                .during(() -> verify().getJsonArray("findings").getValuesAs(JsonObject.class).stream()
                        .filter(finding -> finding.getString("kind").equals("row-changed"))
                        .forEach(finding -> named.add(finding.getString("template"))));
        changed.forEach(one -> assertTrue(named.contains(one.template().toString()), named::toString));
        long passes = trips.stream()
                .flatMap(trip -> trip.statements().stream())
                .filter(sql -> sql.contains("from vault.template left join"))
                .count();
        assertEquals(2, passes, "one for the sums, one for the names");
    }
}
