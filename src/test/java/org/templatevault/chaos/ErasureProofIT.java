package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Erased means gone: from a base backup and the log of before, whatever of the present is put beside it. */
@Tag("chaos")
class ErasureProofIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final List<String> KEY_TABLES =
            List.of("key_version", "key_material", "service_key", "subject_key", "wrap_count");

    private static int homes;

    /** A home of its own for each test: what was learnt of a home's certificate is kept. */
    private final TestHome home = TestHome.create("erasure-proof-" + ++homes);

    private final VaultServer server = VaultServer.on(home)
            .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
            .variable("VAULT_ERASURE_VACUUM_MINUTES", "0");
    private final Rows rows = new Rows(home);
    private final Map<Stored, byte[]> kept = new LinkedHashMap<>();
    private int made;

    @AfterEach
    void stop() {
        server.close();
        home.close();
    }

    private Stored store(UUID subject) {
        return server.as("enroller").store(subject, OPEN, TemplateDocument.noise(600, ++made));
    }

    private void keep(int count) {
        for (int i = 0; i < count; i++) {
            byte[] bytes = TemplateDocument.noise(300 + i, ++made);
            kept.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    private void keptOpens() {
        kept.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
    }

    private String erase(UUID subject) {
        return server.as("eraser")
                .erase(subject, "data-subject-request")
                .expect(202)
                .json()
                .getString("id");
    }

    private void delete(Stored stored) {
        server.as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(204);
    }

    private void passAnEpoch() {
        new Approver(server)
                .approve(server.as("key-custodian")
                        .post("/standing-policies")
                        .json("{\"interval\":\"P1D\",\"wait\":\"PT0S\",\"withoutNewerBackup\":true}")
                        .send()
                        .expect(202)
                        .json()
                        .getJsonObject("approval")
                        .getString("id"));
        rows.change(
                "update vault.key_version set activated_at = activated_at - interval '2 days' where state = 'ACTIVE'");
        TestHome.await(
                "version 1 is destroyed",
                PATIENCE,
                () -> server.as("auditor")
                        .get("/keys/1")
                        .send()
                        .expect(200)
                        .json()
                        .getString("state")
                        .equals("DESTROYED"));
    }

    private JsonObject receipt(String erasure) {
        return server.as("auditor")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json();
    }

    private String exported() {
        return server.as("auditor").get("/erasures").send().expect(200).text();
    }

    private void refusesToStart() {
        server.launch();
        assertEquals(78, server.awaitExit(PATIENCE), server::console);
        assertTrue(server.console().contains("holds no root key"), server::console);
    }

    /** The present key tables over those of the backup; what the backup has beside them stays. */
    private void putIn(Map<String, String> present) {
        present.forEach((table, json) -> {
            rows.change("delete from vault." + table + " b using json_populate_recordset(null::vault." + table + ", '"
                    + json + "'::json) p where b." + key(table) + " = p." + key(table));
            rows.change("insert into vault." + table + " select * from json_populate_recordset(null::vault." + table
                    + ", '" + json + "'::json)");
        });
    }

    private static String key(String table) {
        return switch (table) {
            case "subject_key" -> "subject_id";
            case "service_key" -> "purpose";
            case "wrap_count" -> "kek_version";
            default -> "version";
        };
    }

    @Test
    void opensNothingOfAnErasedSubjectFromABackupWithAllThatThePresentHas() throws Exception {
        server.start();
        keep(10);
        UUID marked = UUID.randomUUID();
        Stored reencrypted = store(marked);
        Stored deleted = store(marked);
        Stored erased = store(UUID.randomUUID());
        BaseBackup backup = BaseBackup.take(home, "before");
        keep(3);
        Stored erasedInLog = store(UUID.randomUUID());
        backup.withLog();

        String erasure = erase(erased.subject());
        erase(erasedInLog.subject());
        delete(deleted);
        passAnEpoch();
        TestHome.await(
                "the receipt is complete",
                PATIENCE,
                () -> receipt(erasure).getJsonObject("waiting").isEmpty());
        keptOpens();
        server.as("reader").read(reencrypted).expect(200);
        String tombstones = exported();
        Map<String, String> present = new LinkedHashMap<>();
        KEY_TABLES.forEach(table -> present.put(
                table,
                rows.texts("select coalesce(json_agg(t), '[]')::text from vault." + table + " t")
                        .get(0)));

        server.stop();
        home.killDatabase();
        backup.restore();
        assertEquals(13 + 4, rows.number("select count(*) from vault.template"));
        refusesToStart();

        putIn(present);
        refusesToStart(); // the rows of the erased still name version 1, whose old wrapped key is there
        rows.change("delete from vault.key_material where version = 1");
        server.start();
        keptOpens();
        for (Stored gone : List.of(erased, erasedInLog, deleted, reencrypted)) {
            opensInNoWay(gone);
        }
        movedInAnotherDatabase();
        new Custodian(server).rotate(Json.createObjectBuilder());
        keptOpens();
        for (Stored gone : List.of(erased, erasedInLog, deleted, reencrypted)) {
            opensInNoWay(gone);
            retryFails(gone.subject());
        }
        reapply(tombstones);
        server.as("reader").read(erased).problem(410, "subject-erased");
        server.as("reader").read(erasedInLog).problem(410, "subject-erased");
        assertEquals(0, rows.number("select count(*) from vault.template where subject_id = ?", erased.subject()));
        keptOpens();
    }

    private void movedInAnotherDatabase() {
        TestHome.await(
                "what stood in another database is moved",
                PATIENCE,
                () -> rows.number("select count(*) from vault.rotation where state like 'DRAINED%'"
                                + " and requested_by = 'vault: another database'")
                        == 1);
    }

    private void opensInNoWay(Stored stored) {
        assertNotEquals(200, server.as("reader").read(stored).status());
        JsonObject result = server.as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "verification")
                .json("{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template()
                        + "\"}]}")
                .send()
                .expect(200)
                .json()
                .getJsonArray("results")
                .getJsonObject(0);
        assertNotEquals(200, result.getInt("status"), result::toString);
    }

    private void retryFails(UUID subject) {
        List<String> inQuarantine = rows.texts("select id::text from vault.quarantine where subject_id = ?", subject);
        assertFalse(inQuarantine.isEmpty());
        server.as("operator")
                .post("/quarantine/" + inQuarantine.get(0) + ":retry")
                .send()
                .problem(409, "still-damaged");
    }

    private JsonObject reapply(String page) {
        server.as("eraser")
                .post("/erasures:reapply")
                .header("X-Reason", "data-subject-request")
                .json(page)
                .send()
                .expect(202);
        TestHome.await(
                "the walk has ended", PATIENCE, () -> walk().getString("state").equals("DONE"));
        return walk();
    }

    private JsonObject walk() {
        return server.as("auditor").get("/erasures:reapply").send().expect(200).json();
    }

    @Test
    void erasesAgainWhomABackupBroughtBack() throws Exception {
        server.start();
        keep(10);
        TestHome.await(
                "the vault knows its database, by which it tells another",
                PATIENCE,
                () -> rows.number("select count(*) from vault.database_identity") == 1);
        Stored erased = store(UUID.randomUUID());
        BaseBackup backup = BaseBackup.take(home, "before").withLog();
        String erasure = erase(erased.subject());
        String neverBack = erase(store(UUID.randomUUID()).subject());
        String tombstones = exported();
        server.stop();
        home.killDatabase();
        backup.restore();
        server.start();
        server.as("reader").read(erased).expect(200);
        movedInAnotherDatabase();

        JsonObject walk = reapply(tombstones);
        assertEquals(2, walk.getInt("imported"), walk::toString);
        assertEquals(1, walk.getInt("erased"), walk::toString);
        server.as("reader").read(erased).problem(410, "subject-erased");
        keptOpens();
        JsonObject receipt = receipt(erasure);
        assertEquals(1, receipt.getJsonArray("erasedAgainAt").size(), receipt::toString);
        assertEquals(
                rows.number("select version from vault.key_version where state = 'ACTIVE'"),
                receipt.getInt("lastKeyVersion"));
        assertFalse(receipt(neverBack).containsKey("erasedAgainAt"));
        assertEquals(tombstones, exported());

        walk = reapply(tombstones);
        assertEquals(0, walk.getInt("imported") + walk.getInt("erased"), walk::toString);
        TestHome.await(
                "the receipt fills up again", PATIENCE, () -> !receipt(erasure).isNull("physicalAt"));
    }
}
