package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;

/**
 * Somebody with the database changes trail and rows behind the vault's back; a verification names it. The sealer is held
 * off meanwhile by its lease, and every change is undone.
 */
class VerificationIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final Rows rows = new Rows(vault.home());
    private final List<Runnable> undo = new ArrayList<>();
    private final String requestId = "verify-" + UUID.randomUUID();
    private Stored stored;
    private String entry;
    private long block;

    private VaultClient as(String role) {
        return vault.server().as(role);
    }

    @BeforeEach
    void storesATemplateAndHoldsTheSealerOff() {
        as("auditor").get("/keys").header("X-Request-Id", requestId).send().expect(200);
        stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("reader").read(stored).expect(200);
        TestHome.await(
                "everything is sealed",
                Duration.ofSeconds(10),
                () -> rows.number("select count(*) from vault.audit_pending") == 0);
        rows.change("update vault.lease set owner = gen_random_uuid(), expires_at = now() + interval '1 hour'"
                + " where name = 'audit'");
        undo.add(() -> rows.change("update vault.lease set expires_at = now() where name = 'audit'"));
        entry = rows.texts("select id::text from vault.audit_entry where line::json ->> 'request' = ?", requestId)
                .get(0);
        block = rows.number("select block from vault.audit_block_entry where entry = ?::uuid", entry);
    }

    @AfterEach
    void undoes() {
        for (int i = undo.size() - 1; i >= 0; i--) {
            undo.get(i).run();
        }
    }

    private JsonObject verify() {
        return as("auditor").post("/audit:verify").json("{}").send().expect(200).json();
    }

    /** The kinds of the findings about this thing. */
    private List<String> found(String name, Object value) {
        return verify().getJsonArray("findings").getValuesAs(JsonObject.class).stream()
                .filter(finding -> finding.getString(name, "").equals(value.toString()))
                .map(finding -> finding.getString("kind"))
                .toList();
    }

    /** Rows that are put back as they were, whatever happens to them. */
    private void keep(String table, String where, Object... arguments) {
        List<String> kept =
                rows.texts("select row_to_json(t)::text from vault." + table + " t where " + where, arguments);
        undo.add(() -> {
            rows.change("delete from vault." + table + " where " + where, arguments);
            kept.forEach(row -> rows.change(
                    "insert into vault." + table + " select * from json_populate_record(null::vault." + table
                            + ", ?::json)",
                    row));
        });
    }

    /** Somebody's lock, as long as a statement that reads a large trail takes: longer than an answer is waited for otherwise. */
    @Test
    @Tag("long")
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
        assertEquals(List.of(), found("block", earlier));
    }

    /** All traces of the newest block go, and what the sealer keeps is put back to before it. */
    @Test
    void namesATailThatWasCutByTheCheckpointFile() {
        long newest = rows.number("select max(number) from vault.audit_block");
        keep("audit_state", "true");
        keep("audit_block", "number = ?", newest);
        keep("audit_entry", "id in (select entry from vault.audit_block_entry where block = ?)", newest);
        List<String> members = rows.texts("select entry::text from vault.audit_block_entry where block = ?", newest);
        keep("audit_block_entry", "block = ?", newest);
        members.forEach(member -> rows.change("delete from vault.audit_entry where id = ?::uuid", member));
        rows.change("delete from vault.audit_block_entry where block = ?", newest);
        rows.change("delete from vault.audit_block where number = ?", newest);
        rows.change("update vault.audit_state set block = block - 1");
        assertTrue(found("block", newest).contains("tail-cut"));
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
}
