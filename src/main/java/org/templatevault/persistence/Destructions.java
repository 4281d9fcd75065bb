package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/** The destructions of key versions, each with the step that it has come to, and the certificates. */
@ApplicationScoped
public class Destructions {
    /**
     * A destruction.
     *
     * @param reachedId the last subject that the full pass opened
     * @param subjects that the pass opened, whole
     * @param templates that the pass opened, each version counted
     * @param refused subjects with rows that did not open in the pass
     * @param unlisted those of them that were not known to be damaged when the version was left
     * @param firstRefused one of them, for whoever repairs, an unlisted one where there is any; null when the destruction
     *     has ended, or the subject was erased
     * @param goneAtLsn where the write-ahead log stood after the wrapped KEK was gone
     * @param rootKeyFound whether the root key was in its key store when it was to be deleted; null before
     */
    public record Row(
            UUID id,
            int version,
            UUID approvalId,
            String state,
            String requestedBy,
            Instant requestedAt,
            @Nullable UUID reachedId,
            long subjects,
            long templates,
            long refused,
            long unlisted,
            @Nullable UUID firstRefused,
            @Nullable Instant passedAt,
            @Nullable String goneAtLsn,
            @Nullable Boolean rootKeyFound,
            @Nullable String failure,
            @Nullable Instant endedAt) {}

    /** A signed certificate. */
    public record Certificate(int version, Bytes body, Bytes signature, int keyNumber, Bytes publicKey) {}

    /** As PostgreSQL's regular expressions have it. */
    private static final String AN_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

    @Inject
    Sql sql;

    /** Records a destruction; false if one of this version is recorded that has not failed. */
    public boolean insert(UUID id, int version, UUID approval, String caller, Instant now) {
        return sql.update(
                        "insert into vault.destruction (id, version, approval_id, state, requested_by, requested_at)"
                                + " values (?, ?, ?, 'REQUESTED', ?, ?) on conflict do nothing",
                        id,
                        version,
                        approval,
                        caller,
                        now)
                == 1;
    }

    /** The destructions that have not ended, oldest first. */
    public List<Row> open() {
        return sql.query(
                "select * from vault.destruction where ended_at is null order by requested_at", Destructions::read);
    }

    /** The newest destruction of a version. */
    public Optional<Row> ofVersion(int version) {
        return sql.first(
                "select * from vault.destruction where version = ? order by requested_at desc limit 1",
                Destructions::read,
                version);
    }

    /** Moves a destruction from one step to the next; false if it is not at that step. */
    public boolean move(UUID id, String from, String to) {
        return sql.update("update vault.destruction set state = ? where id = ? and state = ?", to, id, from) == 1;
    }

    /** Ends a destruction that is in one of the states given. */
    public boolean end(UUID id, List<String> from, String to, @Nullable String failure, Instant now) {
        return sql.update(
                        "update vault.destruction set state = ?, failure = ?, ended_at = ?, reached_id = null,"
                                + " first_refused = null where id = ? and state = any(?)",
                        to,
                        failure,
                        now,
                        id,
                        new ArrayOf("text", from))
                == 1;
    }

    /**
     * What a page of the full pass has found.
     *
     * @param subjects that opened, whole
     * @param templates that opened
     * @param refused subjects with rows that did not
     * @param unlisted those of them that were not known before
     */
    public record Found(long subjects, long templates, List<UUID> refused, List<UUID> unlisted) {}

    /** Records how far the full pass is; false if it is not where this page began: somebody else carries it on. */
    public boolean passed(UUID id, @Nullable UUID from, UUID reached, Found found) {
        return sql.update(
                        "update vault.destruction set reached_id = ?, subjects = subjects + ?, templates = templates + ?,"
                                + " refused = refused + ?, unlisted = unlisted + ?, first_refused ="
                                + " case when unlisted = 0 then coalesce(?, first_refused, ?) else first_refused end"
                                + " where id = ? and state = 'PASSING' and reached_id is not distinct from ?::uuid",
                        reached,
                        found.subjects,
                        found.templates,
                        found.refused.size(),
                        found.unlisted.size(),
                        found.unlisted.stream().findFirst().orElse(null),
                        found.refused.stream().findFirst().orElse(null),
                        id,
                        from)
                == 1;
    }

    /** Notes once whether the root key is in its key store, before it is deleted. */
    public void noteRootKey(UUID id, boolean found) {
        sql.update(
                "update vault.destruction set root_key_found = ? where id = ? and state = 'REPLAYED'"
                        + " and root_key_found is null",
                found,
                id);
    }

    /** Takes out the ids of subjects that were erased, also where one stands in words; how many. */
    public int forgetErased() {
        int inWords = sql.update(
                "update vault.destruction d set failure = regexp_replace(failure, ?, 'one that was erased since')"
                        + " where failure ~ ? and not exists (select 1 from vault.subject_key k"
                        + " where k.subject_id = substring(d.failure from ?)::uuid)",
                AN_ID,
                AN_ID,
                AN_ID);
        return inWords
                + sql.update("update vault.destruction d set first_refused = null where first_refused is not null"
                        + " and not exists (select 1 from vault.subject_key k where k.subject_id = d.first_refused)");
    }

    /** Ends the full pass; false if it is not where it was found to be at its end. */
    public boolean passEnded(UUID id, @Nullable UUID from, Instant now) {
        return sql.update(
                        "update vault.destruction set state = 'WAITING', passed_at = ?, reached_id = null"
                                + " where id = ? and state = 'PASSING' and reached_id is not distinct from ?::uuid",
                        now,
                        id,
                        from)
                == 1;
    }

    /** Moves the version itself; false if it is in none of the states given. */
    public boolean moveVersion(int version, List<String> from, String to, Instant now) {
        return sql.update(
                        "update vault.key_version set state = ?, destroyed_at = case when ? = 'DESTROYED' then ?::timestamptz end"
                                + " where version = ? and state = any(?)",
                        to,
                        to,
                        now,
                        version,
                        new ArrayOf("text", from))
                == 1;
    }

    /** Makes a version that was to be destroyed what it was before, or what it has become meanwhile. */
    public void giveVersionBack(int version) {
        sql.update(
                "update vault.key_version set state = case when compromised_at is null then 'DEACTIVATED'"
                        + " else 'COMPROMISED' end where version = ? and state = 'DESTROYING'",
                version);
    }

    /** Deletes the wrapped KEK. What still refers to it makes this fail: the foreign keys of PostgreSQL decide. */
    public void deleteMaterial(int version) {
        sql.update("delete from vault.key_material where version = ?", version);
    }

    /**
     * Notes where the write-ahead log stands, once, after the deletion of the wrapped KEK has committed; anew where the
     * position is one of another database's log, of which this one is a copy.
     */
    public void noteLogPosition(UUID id) {
        sql.update(
                "update vault.destruction set gone_at_lsn = pg_current_wal_insert_lsn()"
                        + " where id = ? and state = 'MATERIAL_GONE'"
                        + " and (gone_at_lsn is null or gone_at_lsn > pg_current_wal_insert_lsn())",
                id);
    }

    /**
     * The standbys that have not replayed the log as far as this, or may have not: of one that is away its slot says only
     * what it has received. Needs the right to
     * read {@code pg_stat_replication} ({@code pg_monitor}): without it every standby counts as behind. What only copies
     * the log never replays it and is not waited for: register such copies.
     */
    public List<String> standbysBehind(String lsn) {
        return sql.query(
                "select coalesce(nullif(application_name, ''), 'a standby') as name from pg_stat_replication"
                        + " where (replay_lsn is null or replay_lsn < ?::pg_lsn) and not (replay_lsn is null"
                        + " and coalesce(application_name, '') in ('pg_basebackup', 'pg_receivewal'))"
                        + " union all select slot_name from pg_replication_slots where slot_type = 'physical'"
                        + " and not active",
                row -> row.getString("name"),
                lsn);
    }

    /** Records the certificate. */
    public void certify(int version, byte[] body, byte[] signature, int keyNumber, Instant now) {
        sql.update(
                "insert into vault.certificate (version, body, signature, key_number, at) values (?, ?, ?, ?, ?)",
                version,
                body,
                signature,
                keyNumber,
                now);
    }

    /** The certificate of a destroyed version. */
    public Optional<Certificate> certificate(int version) {
        return sql.first(
                "select c.*, k.public_key from vault.certificate c join vault.signing_key k on k.number = c.key_number"
                        + " where c.version = ?",
                row -> new Certificate(
                        row.getInt("version"),
                        Bytes.of(row.getBytes("body")),
                        Bytes.of(row.getBytes("signature")),
                        row.getInt("key_number"),
                        Bytes.of(row.getBytes("public_key"))),
                version);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                row.getInt("version"),
                Sql.uuid(row, "approval_id"),
                row.getString("state"),
                row.getString("requested_by"),
                Sql.instant(row, "requested_at"),
                row.getObject("reached_id", UUID.class),
                row.getLong("subjects"),
                row.getLong("templates"),
                row.getLong("refused"),
                row.getLong("unlisted"),
                row.getObject("first_refused", UUID.class),
                Sql.instantOrNull(row, "passed_at"),
                row.getString("gone_at_lsn"),
                row.getObject("root_key_found", Boolean.class),
                row.getString("failure"),
                Sql.instantOrNull(row, "ended_at"));
    }
}
