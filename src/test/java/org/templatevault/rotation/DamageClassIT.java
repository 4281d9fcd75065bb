package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.templatevault.testing.Approver;
import org.templatevault.testing.VaultClient.Stored;

/** What a row in quarantine is called. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DamageClassIT extends DamagedVault {
    @Test
    void callsAFlippedBitCorrupt() {
        flipABit(one);
        isClassified(one.subject(), "CORRUPT");
    }

    @Test
    void callsARowCorruptWhoseTimeIsNone() {
        rows.change("update vault.template set created_at = 'infinity' where id = ?", one.template());
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
}
