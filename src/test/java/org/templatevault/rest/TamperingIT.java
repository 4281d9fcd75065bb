package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;

/**
 * Changes rows as somebody who has the database and no key. The columns come from the database's catalog: a new one must
 * be detected, or stand here with its reason.
 */
class TamperingIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final byte[] OTHER = IsoTemplates.fingerprint(41, 2);

    /** Columns whose change a read of content does not detect, and why that is no harm. */
    private static final Map<String, String> NOT_BOUND = Map.of(
            "subject_key.revision", "counts the changes of a subject; it guards writes and means nothing to a reader",
            "subject_key.stored_bytes", "a limit on storage; a wrong figure refuses a store or allows one too many",
            "subject_key.reference", "sealed for itself and opened only when the index key changes");

    /** The parts of the primary keys: a changed one is another row, which {@code refusesARowCopied…} covers. */
    private static final Set<String> IDENTITY = Set.of("template.subject_id", "template.id", "subject_key.subject_id");

    private final Rows rows = new Rows(SharedVault.server().home());
    private final Stored neighbour = as("enroller").store(UUID.randomUUID(), OTHER);
    private Runnable undo = () -> {};

    private static Stored fresh() {
        return store(UUID.randomUUID());
    }

    private static Stored store(UUID subject) {
        return as("enroller")
                .store(
                        subject,
                        "modality=FINGERPRINT&position=RIGHT_INDEX&format=ISO_19794_2_2005&quality=80"
                                + "&extractorName=extractor&extractorVersion=1.2",
                        TEMPLATE);
    }

    private static void isRefused(Stored stored) {
        Answer answer = as("reader").read(stored);
        JsonObject problem = answer.problem(500, "integrity-failure");
        assertEquals(Set.of("type", "title", "status", "code", "requestId", "incident"), problem.keySet());
        assertEquals(36, problem.getString("incident").length());
        Answer json = as("reader")
                .get(stored.path() + "/content")
                .header("Accept", "application/json")
                .header("X-Purpose", "verification")
                .send();
        json.problem(500, "integrity-failure");
    }

    @AfterEach
    void leavesOtherRowsReadable() {
        undo.run();
        assertArrayEquals(OTHER, as("reader").read(neighbour).expect(200).bytes());
    }

    /** The ways to change a value of this type, as SQL expressions over the column. */
    private static List<String> changes(String column, String type, boolean nullable) {
        List<String> changes = new ArrayList<>(
                switch (type) {
                    case "bytea" -> bits(column);
                    case "text" ->
                        List.of(
                                "chr(ascii(left(" + column + ", 1)) # 1) || substr(" + column + ", 2)",
                                column + " || 'A'",
                                "left(" + column + ", -1)",
                                "''");
                    case "integer", "bigint", "smallint" ->
                        List.of(column + " + 1", column + " # 2", column + " + 256");
                    case "timestamp with time zone" ->
                        List.of(
                                column + " + interval '1 microsecond'",
                                column + " - interval '1 hour'",
                                "'infinity'::timestamptz",
                                "'-infinity'::timestamptz");
                    case "uuid" -> List.of("gen_random_uuid()");
                    default -> throw new AssertionError("Say how to change a " + type);
                });
        if (nullable) {
            changes.add("null");
        }
        return changes;
    }

    private static List<String> bits(String column) {
        List<String> changes = new ArrayList<>();
        for (String at : List.of(
                "0", "8", "96", "octet_length(%s) * 4", "octet_length(%s) * 8 - 129", "octet_length(%s) * 8 - 1")) {
            String bit = String.format(at, column);
            changes.add("set_bit(" + column + ", " + bit + ", 1 - get_bit(" + column + ", " + bit + "))");
        }
        changes.add("substr(" + column + ", 1, octet_length(" + column + ") - 1)");
        changes.add(column + " || '\\x00'::bytea");
        changes.add("''::bytea");
        return changes;
    }

    @TestFactory
    Stream<DynamicTest> detectsAChangeOfEveryColumn() {
        return rows
                .texts("select table_name || '.' || column_name || ',' || data_type || ',' || is_nullable"
                        + " from information_schema.columns where table_schema = 'vault'"
                        + " and table_name in ('template', 'subject_key') order by 1")
                .stream()
                .map(line -> line.split(","))
                .filter(column -> !IDENTITY.contains(column[0]))
                .map(column -> DynamicTest.dynamicTest(
                        column[0], () -> detectsEveryChangeOf(column[0], column[1], column[2].equals("YES"))));
    }

    private void detectsEveryChangeOf(String qualified, String type, boolean nullable) {
        String table = qualified.substring(0, qualified.indexOf('.'));
        String column = qualified.substring(table.length() + 1);
        Stored stored = fresh();
        for (String change : changes(column, type, nullable)) {
            Runnable restore = rows.kept(table, "subject_id = ?", stored.subject());
            int changed = rows.changeIfAllowed(
                    "update vault." + table + " set " + column + " = " + change + " where subject_id = ? and " + column
                            + " is distinct from " + change,
                    stored.subject());
            if (changed == 0) {
                continue;
            }
            if (NOT_BOUND.containsKey(qualified)) {
                assertArrayEquals(
                        TEMPLATE, as("reader").read(stored).expect(200).bytes(), change);
            } else {
                try {
                    isRefused(stored);
                } catch (AssertionError e) {
                    throw new AssertionError(qualified + " = " + change + ": " + e.getMessage(), e);
                }
            }
            restore.run();
            assertArrayEquals(TEMPLATE, as("reader").read(stored).expect(200).bytes(), change);
        }
    }

    @Test
    void gaveAReasonForEveryColumnThatIsNotBound() {
        for (String column : NOT_BOUND.keySet()) {
            assertEquals(
                    1,
                    rows.number(
                            "select count(*) from information_schema.columns where table_schema = 'vault'"
                                    + " and table_name || '.' || column_name = ?",
                            column),
                    column);
            assertFalse(NOT_BOUND.getOrDefault(column, "").isEmpty());
        }
    }

    @Test
    void refusesARowCopiedToAnotherTemplateId() {
        Stored stored = fresh();
        Stored copy = new Stored(stored.subject(), UUID.randomUUID());
        copyTemplate(stored, copy, 0);
        isRefused(copy);
        assertArrayEquals(TEMPLATE, as("reader").read(stored).expect(200).bytes());
    }

    @Test
    void refusesARowCopiedToAnotherVersion() {
        Stored stored = fresh();
        copyTemplate(stored, stored, 1);
        isRefused(stored);
    }

    @Test
    void refusesARowCopiedToAnotherSubject() {
        Stored stored = fresh();
        Stored other = fresh();
        Stored copy = new Stored(other.subject(), stored.template());
        copyTemplate(stored, copy, 0);
        isRefused(copy);
        assertArrayEquals(TEMPLATE, as("reader").read(other).expect(200).bytes());
    }

    @Test
    void refusesASubjectCopiedWithItsKeyToAnotherId() {
        Stored stored = fresh();
        Stored copy = new Stored(UUID.randomUUID(), stored.template());
        copyTemplate(stored, copy, 0);
        rows.change(
                "insert into vault.subject_key select (json_populate_record(k, json_build_object('subject_id', ?::uuid)))"
                        + ".* from vault.subject_key k where subject_id = ?",
                copy.subject(),
                stored.subject());
        isRefused(copy);
        rows.change("delete from vault.subject_key where subject_id = ?", copy.subject());
    }

    private void copyTemplate(Stored from, Stored to, int versions) {
        undo = rows.kept("template", "subject_id in (?, ?)", from.subject(), to.subject());
        int copied = rows.change(
                "insert into vault.template select (json_populate_record(t, json_build_object('subject_id', ?::uuid, 'id',"
                        + " ?::uuid, 'version', t.version + ?::int))).* from vault.template t where subject_id = ? and id = ?",
                to.subject(),
                to.template(),
                versions,
                from.subject(),
                from.template());
        assertEquals(1, copied);
    }

    @Test
    void refusesTwoEnvelopesOfOneSubjectThatWereSwapped() {
        Stored one = fresh();
        Stored two = store(one.subject());
        swap("template", "envelope", "id", one.template(), two.template());
        isRefused(one);
        isRefused(two);
    }

    @Test
    void refusesTwoRowsThatSwappedTheirIds() {
        Stored one = fresh();
        Stored two = store(one.subject());
        UUID between = UUID.randomUUID();
        rows.change("update vault.template set id = ? where id = ?", between, one.template());
        rows.change("update vault.template set id = ? where id = ?", one.template(), two.template());
        rows.change("update vault.template set id = ? where id = ?", two.template(), between);
        isRefused(one);
        isRefused(two);
    }

    @Test
    void refusesKeysThatTwoSubjectsSwapped() {
        Stored one = fresh();
        Stored two = fresh();
        swap("subject_key", "wrapped", "subject_id", one.subject(), two.subject());
        isRefused(one);
        isRefused(two);
    }

    @Test
    void refusesKeyRowsThatTwoSubjectsSwapped() {
        Stored one = fresh();
        Stored two = fresh();
        UUID between = UUID.randomUUID();
        rows.change("update vault.subject_key set subject_id = ? where subject_id = ?", between, one.subject());
        rows.change("update vault.subject_key set subject_id = ? where subject_id = ?", one.subject(), two.subject());
        rows.change("update vault.subject_key set subject_id = ? where subject_id = ?", two.subject(), between);
        isRefused(one);
        isRefused(two);
    }

    @Test
    void refusesAnOldEnvelopePutInThePlaceOfANewOne() {
        Stored stored = fresh();
        as("enroller")
                .put(stored.path() + "?modality=FINGERPRINT&format=OPAQUE")
                .header("If-Match", "\"1\"")
                .octets(OTHER)
                .send()
                .expect(200);
        rows.change(
                "update vault.template new set envelope = old.envelope from vault.template old where new.id = ?"
                        + " and old.id = new.id and new.version = 2 and old.version = 1",
                stored.template());
        isRefused(stored);
    }

    private void swap(String table, String column, String id, UUID one, UUID two) {
        int swapped = rows.change(
                "update vault." + table + " a set " + column + " = b." + column + " from vault." + table + " b where a."
                        + id + " in (?, ?) and b." + id + " in (?, ?) and a." + id + " <> b." + id,
                one,
                two,
                one,
                two);
        assertEquals(2, swapped);
    }

    @ParameterizedTest
    @ValueSource(strings = {"quality = 81", "created_at = 'infinity'"})
    void refusesInABatchOnlyWhatWasChanged(String change) {
        Stored stored = fresh();
        rows.change("update vault.template set " + change + " where id = ?", stored.template());
        var items = Json.createArrayBuilder();
        for (Stored item : List.of(neighbour, stored, neighbour)) {
            items.add(Json.createObjectBuilder()
                    .add("subject", item.subject().toString())
                    .add("template", item.template().toString()));
        }
        var results = as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "migration")
                .json(Json.createObjectBuilder().add("items", items).build())
                .send()
                .expect(200)
                .json()
                .getJsonArray("results");
        assertEquals(200, results.getJsonObject(0).getInt("status"));
        assertEquals(500, results.getJsonObject(1).getInt("status"));
        assertEquals(200, results.getJsonObject(2).getInt("status"));
        JsonObject problem = results.getJsonObject(1).getJsonObject("problem");
        assertEquals("integrity-failure", problem.getString("code"));
        assertFalse(problem.containsKey("detail"));
        assertTrue(problem.containsKey("incident"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"template", "subject_key"})
    void erasesASubjectOfWhichATimeIsNone(String table) {
        Stored stored = fresh();
        rows.change("update vault." + table + " set created_at = '-infinity' where subject_id = ?", stored.subject());
        as("eraser").erase(stored.subject(), "retention").expect(202);
        as("reader").read(stored).problem(410, "subject-erased");
    }

    @Test
    void writesNothingUnderAKeyThatDoesNotOpen() {
        Stored stored = fresh();
        rows.change(
                "update vault.subject_key set wrapped = set_bit(wrapped, 100, 1 - get_bit(wrapped, 100)) where subject_id = ?",
                stored.subject());
        as("enroller")
                .post("/subjects/" + stored.subject() + "/templates?modality=FACE&format=OPAQUE")
                .octets(TEMPLATE)
                .send()
                .problem(500, "integrity-failure");
        assertEquals(1, rows.number("select count(*) from vault.template where subject_id = ?", stored.subject()));
        assertEquals(1, rows.number("select revision from vault.subject_key where subject_id = ?", stored.subject()));
    }
}
