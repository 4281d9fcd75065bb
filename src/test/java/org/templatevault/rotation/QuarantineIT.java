package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** What becomes of a row in quarantine. */
class QuarantineIT extends DamagedVault {
    @Test
    void movesASubjectWithABadCiphertextWhenOnlyTheWrappingChanges() {
        flipABit(one);
        JsonObject ended = rotate("rewrap");
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        server.as("reader").read(one).problem(500, "integrity-failure");
        flipABit(one);
    }

    /** Its key opens, and so does its template: only a new DEK has to wait. */
    @Test
    void keepsAllThatOpensOfASubjectWhoseReferenceIsDamaged() {
        UUID subject = referenced();
        Stored template = store(subject);
        Stored deleted = store(subject);
        server.as("eraser")
                .delete(deleted.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(204);
        flipReference(subject);
        assertEquals("DRAINED", rotate("rewrap").getString("state"), "marked, and moves with the DEK that it has");
        assertEquals("reference", quarantined(subject).getString("part"));
        isClassified(subject, "CORRUPT");
        assertEquals("reference", quarantined(subject).getString("part"));
        assertArrayEquals(bytes, server.as("reader").read(template).expect(200).bytes());
        flipReference(subject);
        String id = quarantined(subject).getString("id");
        server.as("operator").post("/quarantine/" + id + ":retry").send().expect(204);
        assertEquals(0, rows.number("select count(*) from vault.quarantine where subject_id = ?", subject));
    }

    private UUID referenced() {
        return UUID.fromString(server.as("enroller")
                .post("/subjects")
                .json(Json.createObjectBuilder()
                        .add("reference", "somebody " + UUID.randomUUID())
                        .build())
                .send()
                .expect(201)
                .json()
                .getString("id"));
    }

    private void flipReference(UUID subject) {
        rows.change(
                "update vault.subject_key set reference = set_byte(reference, 20, get_byte(reference, 20) # 1)"
                        + " where subject_id = ?",
                subject);
    }

    @Test
    void letsARepairedRowLeaveQuarantine() {
        flipABit(one);
        assertEquals(1, rotate("reencrypt").getInt("quarantined"));
        JsonObject row = quarantined(one.subject());
        String retry = "/quarantine/" + row.getString("id") + ":retry";
        server.as("operator").post(retry).send().problem(409, "still-damaged");
        flipABit(one);
        server.as("operator").post(retry).send().expect(204);
        server.as("operator").post(retry).send().problem(404, "quarantine-row-not-found");
        assertArrayEquals(bytes, server.as("reader").read(one).expect(200).bytes());
        JsonObject rotation = custodian.get(row.getString("rotation"));
        assertEquals(0, rotation.getInt("quarantined"), rotation::toString);
        Custodian.requireEquation(rotation);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** Marked for a re-encryption that could not be, it was moved by a rewrap, and counted, before its row was repaired. */
    @Test
    void countsASubjectOnceThatIsRepairedWhileItsRotationGoesOn() {
        UUID first = new UUID(0x4000, 0x8000_0000_0000_0000L | System.nanoTime());
        Stored damaged = store(first);
        Stored deleted = store(first);
        for (int i = 0; i < 12; i++) {
            store(UUID.randomUUID());
        }
        server.as("eraser")
                .delete(deleted.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(204);
        flipABit(damaged);
        String rotation =
                custodian.start(Json.createObjectBuilder().add("mode", "rewrap").add("rate", 2));
        TestHome.await(
                "it is moved with its damage",
                PATIENCE,
                () -> rows.number(
                                "select count(*) from vault.quarantine q join vault.subject_key k using (subject_id)"
                                        + " where subject_id = ? and kek_version = ?",
                                first,
                                custodian.get(rotation).getInt("toVersion"))
                        == 1);
        flipABit(damaged);
        server.as("operator")
                .post("/quarantine/" + quarantined(first).getString("id") + ":retry")
                .send()
                .expect(204);
        assertEquals("REENCRYPTING", custodian.get(rotation).getString("state"));
        JsonObject ended = custodian.drain(rotation);
        assertEquals(ended.getInt("total"), ended.getInt("done"), ended::toString);
    }

    @Test
    void doesNotEraseWhatHasLeftQuarantineBeforeItsReleaseIsCarriedOut() {
        flipABit(one);
        rotate("reencrypt");
        String row = quarantined(one.subject()).getString("id");
        String approval = askForRelease(row);
        flipABit(one);
        server.as("operator").post("/quarantine/" + row + ":retry").send().expect(204);
        Approver approver = new Approver(server);
        approver.approve(approval);
        TestHome.await(
                "the release is given up",
                PATIENCE,
                () -> approver.get(approval).getString("state").equals("CANCELLED"));
        assertArrayEquals(bytes, server.as("reader").read(one).expect(200).bytes());
    }

    /** The approval that it needs. */
    private String askForRelease(String row) {
        return server.as("key-custodian")
                .post("/quarantine/" + row + ":release")
                .send()
                .expect(202)
                .json()
                .getString("id");
    }

    /** Two people have decided on a subject that nobody can open. */
    @Test
    void movesWhatWasRepairedBeforeItsReleaseIsCarriedOut() {
        flipABit(one);
        rotate("reencrypt");
        String approval = askForRelease(quarantined(one.subject()).getString("id"));
        flipABit(one);
        Approver approver = new Approver(server);
        approver.approve(approval);
        TestHome.await(
                "the release is given up",
                PATIENCE,
                () -> !approver.get(approval).getString("state").equals("APPROVED"));
        assertArrayEquals(bytes, server.as("reader").read(one).expect(200).bytes());
        assertEquals("CANCELLED", approver.get(approval).getString("state"));
        assertEquals(0, rows.number("select count(*) from vault.quarantine where subject_id = ?", one.subject()));
    }

    @Test
    void erasesWhatTwoPeopleRelease() {
        flipABit(one);
        rotate("reencrypt");
        String row = quarantined(one.subject()).getString("id");
        String approval = askForRelease(row);
        Approver approver = new Approver(server);
        approver.approve(approval, "0".repeat(64)).problem(409, "request-hash-differs");
        approver.approve(approval);
        TestHome.await(
                "it is released",
                PATIENCE,
                () -> approver.get(approval).getString("state").equals("CARRIED_OUT"));
        server.as("reader").read(one).problem(410, "subject-erased");
        assertEquals(
                1,
                rows.number(
                        "select count(*) from vault.erasure where released and reason = 'released'"
                                + " and requested_by = 'key-custodian' and id = (select max(id::text)::uuid from vault.erasure)"));
    }

    /** A page that PostgreSQL cannot read is often why a row is in quarantine: its subject cannot be deleted either. */
    @Test
    @Tag("nightly")
    void keepsNoRotationFromGoingOnWhereTheDatabaseRefusesARelease() {
        flipABit(one);
        rotate("reencrypt");
        String approval = askForRelease(quarantined(one.subject()).getString("id"));
        rows.change("create function vault.refuse() returns trigger language plpgsql as"
                + " $$ begin raise exception 'stuck'; end $$");
        rows.change("create trigger stuck before delete on vault.template for each row when (old.subject_id = '"
                + one.subject() + "') execute function vault.refuse()");
        Approver approver = new Approver(server);
        try {
            approver.approve(approval);
            TestHome.await(
                    "the release is tried",
                    PATIENCE,
                    () -> server.console().contains("has to wait")
                            && server.console().contains("stuck"));
            assertEquals("DRAINED", rotate("rewrap").getString("state"));
            assertEquals("APPROVED", approver.get(approval).getString("state"));
        } finally {
            rows.change("drop function vault.refuse cascade");
        }
        TestHome.await(
                "it is released",
                PATIENCE,
                () -> approver.get(approval).getString("state").equals("CARRIED_OUT"));
    }

    @Test
    void releasesNobodyWhoIsUnderALegalHold() {
        flipABit(one);
        rotate("reencrypt");
        String release = "/quarantine/" + quarantined(one.subject()).getString("id") + ":release";
        String hold = "/subjects/" + one.subject() + "/hold";
        String approval = server.as("key-custodian")
                .post(release)
                .send()
                .expect(202)
                .json()
                .getString("id");
        server.as("eraser").put(hold).header("X-Reason", "Case 1").send().expect(200);
        server.as("key-custodian").post(release).send().problem(409, "legal-hold");
        Approver approver = new Approver(server);
        approver.approve(approval);
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals("APPROVED", approver.get(approval).getString("state"));
        rotate("rewrap");
        server.as("eraser").delete(hold).header("X-Reason", "closed").send().expect(204);
        TestHome.await(
                "it is released",
                PATIENCE,
                () -> approver.get(approval).getString("state").equals("CARRIED_OUT"));
        server.as("reader").read(one).problem(410, "subject-erased");
    }

    @Test
    void refusesToRetryASubjectWhoseSuiteTheVaultDoesNotHave() {
        String suite = rows.texts("select data_suite from vault.subject_key where subject_id = ?", one.subject())
                .get(0);
        rows.change("update vault.subject_key set data_suite = 'X' where subject_id = ?", one.subject());
        assertEquals("DRAINED_WITH_QUARANTINE", rotate("reencrypt").getString("state"));
        String retry = "/quarantine/" + quarantined(one.subject()).getString("id") + ":retry";
        server.as("operator").post(retry).send().problem(409, "still-damaged");
        rows.change("update vault.subject_key set data_suite = ? where subject_id = ?", suite, one.subject());
        server.as("operator").post(retry).send().expect(204);
    }

    /** A backup from between the end of a rotation and the repair holds the subject under the version that is destroyed. */
    @Test
    void countsNoBackupFromBeforeTheRepairForWhole() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
        flipABit(one);
        JsonObject ended = rotate("reencrypt");
        assertEquals("DRAINED_WITH_QUARANTINE", ended.getString("state"));
        String copy = server.as("operator").registerCopy("database", Instant.now());
        flipABit(one);
        server.as("operator")
                .post("/quarantine/" + quarantined(one.subject()).getString("id") + ":retry")
                .send()
                .expect(204);
        JsonObject reach = custodian.get(ended.getString("id")).getJsonObject("restorableSince");
        assertTrue(reach.isNull("after") && reach.getInt("copiesLost") == 1, reach::toString);
        KeyVersion left = new KeyVersion(server, ended.getInt("fromVersion"));
        JsonObject usage = left.usage();
        assertTrue(usage.getJsonArray("uselessAfterDestruction").toString().contains(copy), usage::toString);
        new Approver(server).destroy(left.number());
        JsonObject since = server.as("operator")
                .get("/keys/restorable-since")
                .send()
                .expect(200)
                .json();
        assertTrue(since.isNull("restorableSince"), since::toString);
    }

    /** It never stood under the version that is compromised, as far as its row tells: the key that it has goes on. */
    @Test
    void storesForASubjectInQuarantineWhenALaterVersionIsCompromised() {
        flipABit(one);
        assertEquals("DRAINED_WITH_QUARANTINE", rotate("reencrypt").getString("state"));
        custodian.rotate(Json.createObjectBuilder().add("reason", "compromise"));
        Stored later = store(one.subject());
        assertEquals(201, batched(one.subject()).getInt("status"));
        assertArrayEquals(bytes, server.as("reader").read(later).expect(200).bytes());
        assertEquals(1, dek());
        assertEquals(1, rows.number("select count(*) from vault.reencrypt_mark where subject_id = ?", one.subject()));
        flipABit(one);
        String id = quarantined(one.subject()).getString("id");
        server.as("operator").post("/quarantine/" + id + ":retry").send().expect(204);
        assertEquals(2, dek());
        assertArrayEquals(bytes, server.as("reader").read(one).expect(200).bytes());
        assertArrayEquals(bytes, server.as("reader").read(later).expect(200).bytes());
    }

    private JsonObject batched(UUID subject) {
        JsonObject item = TemplateDocument.with(TemplateDocument.fingerprint(bytes), "subject", subject.toString());
        return server.as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":[" + item + "]}")
                .send()
                .expect(200)
                .json()
                .getJsonArray("results")
                .getJsonObject(0);
    }

    private long dek() {
        return rows.number("select dek_number from vault.subject_key where subject_id = ?", one.subject());
    }
}
