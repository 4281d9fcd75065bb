package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class QuarantineIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final byte[] bytes = TemplateDocument.noise(300, 1);
    private final Stored one = store(UUID.randomUUID());

    private Stored store(UUID subject) {
        return server.as("enroller").store(subject, OPEN, bytes);
    }

    /** Whoever is still damaged is erased: the other tests rotate the same vault. */
    @AfterEach
    void eraseTheDamaged() {
        for (String subject : rows.texts("select distinct subject_id::text from vault.quarantine")) {
            server.as("eraser")
                    .erase(UUID.fromString(subject), "enrolment-error")
                    .expect(202);
        }
        assertEquals("DRAINED", rotate("reencrypt").getString("state"));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private JsonObject rotate(String mode) {
        return custodian.rotate(Json.createObjectBuilder().add("mode", mode));
    }

    private JsonObject quarantined(UUID subject) {
        String cursor = "";
        while (true) {
            JsonObject page = server.as("auditor")
                    .get("/quarantine" + cursor)
                    .send()
                    .expect(200)
                    .json();
            for (JsonObject row : page.getJsonArray("rows").getValuesAs(JsonObject.class)) {
                if (row.getString("subject").equals(subject.toString())) {
                    return row;
                }
            }
            if (!page.containsKey("next")) {
                throw new AssertionError("Not in quarantine: " + subject);
            }
            cursor = "?cursor=" + page.getString("next");
        }
    }

    private void flipABit(Stored stored) {
        rows.change(
                "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1) where id = ?",
                stored.template());
    }

    private void isClassified(UUID subject, String expected) {
        assertEquals("DRAINED_WITH_QUARANTINE", rotate("reencrypt").getString("state"));
        assertEquals(expected, quarantined(subject).getString("class"));
    }

    @Test
    void callsAFlippedBitCorrupt() {
        flipABit(one);
        isClassified(one.subject(), "CORRUPT");
    }

    @Test
    void callsTwoSwappedRowsOfASubjectMoved() {
        Stored other = store(one.subject());
        rows.change(
                "update vault.template t set envelope = o.envelope from vault.template o"
                        + " where t.subject_id = ? and o.subject_id = t.subject_id and o.id <> t.id",
                other.subject());
        isClassified(one.subject(), "MOVED_ROW");
    }

    @Test
    void callsARowCopiedFromAnotherSubjectMoved() {
        Stored other = store(UUID.randomUUID());
        rows.change(
                "update vault.template set envelope = (select envelope from vault.template where id = ?) where id = ?",
                other.template(),
                one.template());
        isClassified(one.subject(), "MOVED_ROW");
    }

    @Test
    void callsAWrappedKeyOfAnotherSubjectMoved() {
        Stored other = store(UUID.randomUUID());
        rows.change(
                "update vault.subject_key set wrapped = (select wrapped from vault.subject_key where subject_id = ?)"
                        + " where subject_id = ?",
                other.subject(),
                one.subject());
        isClassified(one.subject(), "MOVED_ROW");
    }

    @Test
    void callsAKeyUnderAnotherVersionThanItNamesWrong() {
        rotate("rewrap");
        rows.change(
                "with moved as (update vault.subject_key set kek_version = kek_version - 1 where subject_id = ?"
                        + " returning kek_version) insert into vault.subject_count"
                        + " select gen_random_uuid(), kek_version + n, case n when 0 then 'MOVED_IN' else 'MOVED_OUT' end,"
                        + " null, 1, now() from moved, generate_series(0, 1) n",
                one.subject());
        isClassified(one.subject(), "WRONG_KEY");
    }

    @Test
    void callsAKeyFromBeforeARotationStale() {
        List<String> before =
                rows.texts("select encode(wrapped, 'hex') from vault.subject_key where subject_id = ?", one.subject());
        rotate("reencrypt");
        rows.change(
                "update vault.subject_key set wrapped = decode(?, 'hex') where subject_id = ?",
                before.get(0),
                one.subject());
        isClassified(one.subject(), "STALE");
    }

    @Test
    void callsATemplateFromBeforeARotationStale() {
        List<String> before =
                rows.texts("select encode(envelope, 'hex') from vault.template where id = ?", one.template());
        rotate("reencrypt");
        rows.change(
                "update vault.template set envelope = decode(?, 'hex'), dek_number = dek_number - 1 where id = ?",
                before.get(0),
                one.template());
        isClassified(one.subject(), "STALE");
    }

    /** The row of before a rotation, put back after the destruction, which takes the removal of the foreign key. */
    @Test
    void callsAKeyUnderADestroyedVersionThat() throws SQLException {
        int version =
                (int) rows.number("select kek_version from vault.subject_key where subject_id = ?", one.subject());
        List<String> before =
                rows.texts("select row_to_json(k)::text from vault.subject_key k where subject_id = ?", one.subject());
        assertEquals("DRAINED", rotate("rewrap").getString("state"));
        new Approver(server).destroy(version);
        String constraint = "subject_key_is_wrapped_by_a_living_version";
        SQLException refused = assertThrows(SQLException.class, () -> asOwner(putBack(before.get(0))));
        assertEquals("23503", refused.getSQLState());
        asOwner("alter table vault.subject_key drop constraint " + constraint);
        try {
            asOwner(putBack(before.get(0)));
            rows.change(
                    "insert into vault.subject_count select gen_random_uuid(), case kind when 'MOVED_IN' then ? else"
                            + " (select version from vault.key_version where state = 'ACTIVE') end, kind, null, 1, now()"
                            + " from (values ('MOVED_IN'), ('MOVED_OUT')) as kinds(kind)",
                    version);
            server.as("reader").read(one).problem(500, "integrity-failure");
            isClassified(one.subject(), "KEY_DESTROYED");
            server.as("key-custodian")
                    .post("/keys/" + version + ":destroy")
                    .send()
                    .problem(409, "key-state");
            String row = quarantined(one.subject()).getString("id");
            server.as("operator").post("/quarantine/" + row + ":retry").send().problem(409, "still-damaged");
        } finally {
            asOwner(
                    "alter table vault.subject_key add constraint " + constraint
                            + " foreign key (kek_version) references vault.key_material (version) on delete restrict not valid");
        }
    }

    private String putBack(String row) {
        return "update vault.subject_key k set kek_version = o.kek_version, wrapped = o.wrapped"
                + " from json_populate_record(null::vault.subject_key, '" + row + "') o"
                + " where k.subject_id = o.subject_id";
    }

    private void asOwner(String sql) throws SQLException {
        try (var connection = server.home().superuser().getConnection();
                var statement = connection.createStatement()) {
            statement.execute("set role vault_owner");
            statement.execute(sql);
        }
    }

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

    /**
     * In a large vault, where it reads for minutes: it is made slow here by a policy that the table has meanwhile. Last,
     * since the node does not search for a while then.
     */
    @Test
    @Order(Integer.MAX_VALUE)
    void goesOnWhereTheSearchForTheSameBytesTakesTooLong() throws SQLException {
        flipABit(one);
        asOwner("create sequence vault.searches");
        asOwner("create function vault.slow() returns boolean language plpgsql security definer cost 0.001 as $$ begin"
                + " if current_query() like 'select 1 from vault.template where envelope%' then"
                + " perform nextval('vault.searches'); perform pg_sleep(90); end if; return true; end $$");
        asOwner("create policy slow on vault.template using (vault.slow()) with check (true)");
        asOwner("alter table vault.template enable row level security");
        try {
            isClassified(one.subject(), "CORRUPT");
            assertEquals(List.of("t"), rows.texts("select is_called from vault.searches"));
        } finally {
            asOwner("alter table vault.template disable row level security");
            asOwner("drop policy slow on vault.template");
            asOwner("drop function vault.slow()");
            asOwner("drop sequence vault.searches");
        }
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

    @Test
    void doesNotEraseWhatHasLeftQuarantineBeforeItsReleaseIsCarriedOut() {
        flipABit(one);
        rotate("reencrypt");
        String row = quarantined(one.subject()).getString("id");
        String approval = server.as("key-custodian")
                .post("/quarantine/" + row + ":release")
                .send()
                .expect(202)
                .json()
                .getString("id");
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

    @Test
    void erasesWhatTwoPeopleRelease() {
        flipABit(one);
        rotate("reencrypt");
        String row = quarantined(one.subject()).getString("id");
        String approval = server.as("key-custodian")
                .post("/quarantine/" + row + ":release")
                .send()
                .expect(202)
                .json()
                .getString("id");
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
}
