package org.templatevault.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Subjects whose rows a restore puts back, and records of erasures that the restored database has lost: whoever erases
 * again, the receipt that somebody holds is corrected, and says nothing before it is true.
 */
class RestoredSubjectIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final List<String> TABLES = List.of("subject_key", "template", "subject_retention");

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());

    @BeforeEach
    void forgetTheCopiesOfOtherTests() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
    }

    @AfterEach
    void keepTheInvariants() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private UUID store() {
        return server.as("enroller")
                .store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", TemplateDocument.noise(300, 7))
                .subject();
    }

    private String erase(UUID subject) {
        return server.as("eraser")
                .erase(subject, "retention")
                .expect(202)
                .json()
                .getString("id");
    }

    private int status(UUID subject) {
        return server.as("reader").get("/subjects/" + subject).send().status();
    }

    private Map<String, String> backUp(UUID subject) {
        Map<String, String> backup = new LinkedHashMap<>();
        TABLES.forEach(table -> backup.put(
                table,
                rows.texts("select json_agg(t)::text from vault." + table + " t where subject_id = ?", subject)
                        .get(0)));
        return backup;
    }

    private void restore(Map<String, String> backup) {
        backup.forEach((table, json) -> rows.change("insert into vault." + table
                + " select * from json_populate_recordset(null::vault." + table + ", '" + json + "'::json)"));
        rows.change("insert into vault.subject_count (id, kek_version, kind, subjects, at) select gen_random_uuid(),"
                + " kek_version, 'CREATED', 1, now() from json_populate_recordset(null::vault.subject_key, '"
                + backup.get("subject_key") + "'::json)");
    }

    /** As in a database that was restored from before the erasure. */
    private void lose(String erasure) {
        for (String column : List.of("erased_subject where erasure_id", "erasure_round where erasure_id")) {
            rows.change("delete from vault." + column + " = ?", UUID.fromString(erasure));
        }
        rows.change("delete from vault.erasure where id = ?", UUID.fromString(erasure));
    }

    private JsonObject receipt(String erasure) {
        return server.as("auditor")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json();
    }

    private void awaitStep(String erasure, String step) {
        TestHome.await(step + " is true", PATIENCE, () -> !receipt(erasure).isNull(step));
    }

    private String waiting(String erasure, String step) {
        return receipt(erasure).getJsonObject("waiting").getJsonObject(step).toString();
    }

    private long rounds(String erasure) {
        return rows.number("select count(*) from vault.erasure_round where erasure_id = ?", UUID.fromString(erasure));
    }

    private void apply(JsonObject... records) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        for (JsonObject record : records) {
            array.add(record);
        }
        server.as("eraser")
                .post("/erasures:reapply")
                .header("X-Reason", "retention")
                .json(Json.createObjectBuilder().add("erasures", array).build())
                .send()
                .expect(202);
    }

    private JsonObject walk() {
        return server.as("auditor").get("/erasures:reapply").send().expect(200).json();
    }

    private void awaitWalk(String state) {
        TestHome.await(
                "the walk is " + state,
                PATIENCE,
                () -> walk().getString("state").equals(state));
    }

    /** The rotation after a restore gives its version the number that the lost database's next one had. */
    @Test
    void takesAVersionThatWasMadeAfterTheErasureForAnotherOne() {
        String erasure = erase(store());
        JsonObject record = new Eraser(server).exported(erasure);
        lose(erasure);
        apply(record);
        awaitWalk("DONE");
        assertFalse(
                waiting(erasure, "cryptographicAt").contains("does not know"),
                () -> receipt(erasure).toString());

        lose(erasure);
        String moved = "update vault.key_version set created_at = created_at %s interval '1 day' where version = ?";
        rows.change(String.format(moved, "+"), record.getInt("lastKeyVersion"));
        try {
            apply(record);
        } finally {
            rows.change(String.format(moved, "-"), record.getInt("lastKeyVersion"));
        }
        awaitWalk("DONE");
        assertTrue(
                waiting(erasure, "cryptographicAt").contains("does not know"),
                () -> receipt(erasure).toString());
    }

    @Test
    void saysNothingOfARecordFromElsewhereBeforeTheWalkHasEnded() {
        String erasure = erase(store());
        JsonObject record = new Eraser(server).exported(erasure);
        lose(erasure);
        rows.change(
                "create function vault.endless() returns trigger language plpgsql as" + " 'begin return null; end'");
        rows.change("create trigger endless before update on vault.reapplication for each row"
                + " when (new.state = 'DONE') execute function vault.endless()");
        try {
            apply(record);
            TestHome.pause(Duration.ofSeconds(8));
            JsonObject receipt = receipt(erasure);
            for (String step : List.of("evictedAt", "cryptographicAt", "physicalAt")) {
                assertTrue(receipt.isNull(step), receipt::toString);
                assertTrue(waiting(erasure, step).contains("the walk"), receipt::toString);
            }
        } finally {
            rows.change("drop function vault.endless() cascade");
        }
        awaitWalk("DONE");
        awaitStep(erasure, "evictedAt");
        awaitStep(erasure, "physicalAt");
    }

    @Test
    void addsARoundToARecordWhoseSubjectWasErasedUnderAnotherOne() {
        UUID subject = store();
        Map<String, String> backup = backUp(subject);
        String held = erase(subject);
        JsonObject record = new Eraser(server).exported(held);
        lose(held);
        new Custodian(server).rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        restore(backup);
        String later = erase(subject);
        assertNotEquals(held, later);
        assertTrue(new Eraser(server).exported(later).getInt("lastKeyVersion") > record.getInt("lastKeyVersion"));

        apply(record);
        awaitWalk("DONE");
        apply(record);
        awaitWalk("DONE");
        assertEquals(2, rounds(held));
        assertEquals(1, rounds(later));
        JsonObject receipt = receipt(held);
        assertEquals(1, receipt.getJsonArray("erasedAgainAt").size(), receipt::toString);
        assertEquals(
                new Eraser(server).exported(later).getInt("lastKeyVersion"),
                receipt.getInt("lastKeyVersion"),
                receipt::toString);
        assertEquals(record, new Eraser(server).exported(held));
        assertEquals(record.getString("tag"), new Eraser(server).exported(later).getString("tag"));
        awaitStep(held, "evictedAt");

        restore(backup);
        apply(record);
        awaitWalk("DONE");
        assertEquals(410, status(subject));
        assertEquals(3, rounds(held));
        assertEquals(2, rounds(later));
    }

    @Test
    void erasesUnderTheRecordThatThereIsWhoeverErases() {
        UUID subject = store();
        Map<String, String> backup = backUp(subject);
        String held = erase(subject);
        JsonObject record = new Eraser(server).exported(held);
        lose(held);
        apply(record);
        awaitWalk("DONE");
        restore(backup);
        assertEquals(held, erase(subject));
        assertEquals(410, status(subject));
        assertEquals(2, rounds(held));

        restore(backup);
        Eraser eraser = new Eraser(server);
        String bulk =
                eraser.ask(Eraser.list(List.of(subject))).expect(202).json().getString("id");
        eraser.await(bulk, "DONE");
        assertEquals(List.of(held), eraser.receipts(bulk));
        assertEquals(3, rounds(held));
        assertEquals(2, receipt(held).getJsonArray("erasedAgainAt").size());
    }

    @Test
    void erasesTheOthersAgainWhereTheDatabaseRefusesOne() {
        List<UUID> subjects = List.of(store(), store());
        List<String> erasures = new ArrayList<>();
        List<JsonObject> records = new ArrayList<>();
        for (UUID subject : subjects) {
            Map<String, String> backup = backUp(subject);
            String erasure = erase(subject);
            erasures.add(erasure);
            records.add(new Eraser(server).exported(erasure));
            lose(erasure);
            restore(backup);
        }
        rows.change("create function vault.refuse() returns trigger language plpgsql as"
                + " 'begin raise exception ''no''; end'");
        rows.change("create trigger stuck before delete on vault.template for each row when (old.subject_id = '"
                + subjects.get(0) + "') execute function vault.refuse()");
        try {
            apply(records.get(0), records.get(1));
            awaitWalk("FAILED");
            assertEquals(1, walk().getInt("failed"));
            assertEquals(
                    "[\"" + erasures.get(0) + "\"]",
                    walk().getJsonArray("refused").toString());
            assertEquals(200, status(subjects.get(0)));
            assertEquals(410, status(subjects.get(1)));
            awaitStep(erase(store()), "evictedAt");
            awaitStep(erasures.get(1), "evictedAt");
            assertTrue(receipt(erasures.get(0)).isNull("evictedAt"));
        } finally {
            rows.change("drop function vault.refuse() cascade");
        }
        apply(records.get(0));
        awaitWalk("DONE");
        assertEquals(0, walk().getInt("failed"));
        assertEquals(410, status(subjects.get(0)));
        awaitStep(erasures.get(0), "evictedAt");
    }
}
