package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/** The tombstones of erased subjects and what stays of each erasure. */
@ApplicationScoped
public class Erasures {
    /**
     * What stays of an erasure.
     *
     * @param kekVersion under which the subject stood
     * @param lastKekVersion the newest that may ever have wrapped a DEK of the subject, also in a transaction that was
     *     rolled back: the write-ahead log keeps what that wrote
     */
    public record Row(
            UUID id,
            @Nullable Bytes pseudonym,
            String reason,
            String requestedBy,
            Instant logicalAt,
            int kekVersion,
            int firstKekVersion,
            int lastKekVersion,
            int templates,
            boolean released) {}

    /** An erasure with its tombstone, as it can be taken to another copy of the database. */
    public record Exported(Row row, Bytes tag, int keyNumber) {}

    @Inject
    Sql sql;

    @Inject
    Event<SubjectErased> erased;

    /**
     * The newest version that a transaction before this statement can have wrapped with. Asked when the subject's row is
     * gone: nobody can wrap for it any more.
     */
    public int newestThatWraps() {
        return sql.first("select max(version) from vault.key_version where state = 'ACTIVE'", row -> row.getInt(1))
                .orElseThrow();
    }

    /** Records the erasure, its tombstone and its count, and clears the subject from quarantine and marks. */
    public void insert(Row row, byte[] tombstone, int keyNumber, UUID subject) {
        insertRecord(row);
        insertTombstone(tombstone, keyNumber, row);
        insertRound(row, 1, row.logicalAt, row.templates);
        leave(subject, row.kekVersion, row.logicalAt);
        erased.fire(new SubjectErased(subject, row));
    }

    private int insertRecord(Row row) {
        return sql.update(
                "insert into vault.erasure (id, pseudonym, reason, requested_by, logical_at, kek_version,"
                        + " first_kek_version, last_kek_version, templates, released)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                row.id,
                row.pseudonym,
                row.reason,
                row.requestedBy,
                row.logicalAt,
                row.kekVersion,
                row.firstKekVersion,
                row.lastKekVersion,
                row.templates,
                row.released);
    }

    private void insertTombstone(byte[] tombstone, int keyNumber, Row row) {
        sql.update(
                "insert into vault.erased_subject (tag, key_number, erasure_id, erased_at) values (?, ?, ?, ?)"
                        + " on conflict do nothing",
                tombstone,
                keyNumber,
                row.id,
                row.logicalAt);
    }

    /** The first round of a record from elsewhere says whether its versions are known here; later rounds repeat it. */
    private void insertRound(Row row, int round, Instant at, int templates) {
        sql.update(
                "insert into vault.erasure_round (erasure_id, round, at, first_kek_version, last_kek_version, templates,"
                        + " gone_xid, unknown_version) values (?, ?, ?, ?, ?, ?, pg_current_xact_id()::text::bigint + 1,"
                        + " coalesce((select unknown_version from vault.erasure_round where erasure_id = ? and round = 1),"
                        + " ? > (select max(version) from vault.key_version)))",
                row.id,
                round,
                at,
                row.firstKekVersion,
                row.lastKekVersion,
                templates,
                row.id,
                row.lastKekVersion);
    }

    private void leave(UUID subject, int kekVersion, Instant at) {
        sql.update(
                "insert into vault.subject_count (id, kek_version, kind, subjects, at) values (?, ?, 'ERASED', 1, ?)",
                UUID.randomUUID(),
                kekVersion,
                at);
        sql.update("delete from vault.quarantine where subject_id = ?", subject);
        sql.update("delete from vault.reencrypt_mark where subject_id = ?", subject);
    }

    /**
     * Records that a subject which a restored database had brought back is gone again.
     *
     * @param again versions and count as they are in this database
     */
    public void insertAgain(UUID erasure, Row again, UUID subject) {
        Row known = get(erasure).orElseThrow();
        int rounds = sql.first(
                        "select count(*) from vault.erasure_round where erasure_id = ?", row -> row.getInt(1), erasure)
                .orElseThrow();
        Row widened = new Row(
                erasure,
                known.pseudonym,
                known.reason,
                known.requestedBy,
                known.logicalAt,
                again.kekVersion,
                Math.min(known.firstKekVersion, again.firstKekVersion),
                Math.max(known.lastKekVersion, again.lastKekVersion),
                again.templates,
                known.released);
        insertRound(widened, rounds + 1, again.logicalAt, again.templates);
        leave(subject, again.kekVersion, again.logicalAt);
        erased.fire(new SubjectErased(subject, widened));
    }

    /** Takes over a record of another copy of this database; false if it is here already. */
    public boolean importRecord(Exported exported) {
        boolean isNew = insertRecord(exported.row) == 1;
        insertTombstone(exported.tag.toArray(), exported.keyNumber, exported.row);
        if (isNew) {
            insertRound(exported.row, 1, exported.row.logicalAt, exported.row.templates);
        }
        return isNew;
    }

    /** The erasures after an id with their tombstones, in the order of their ids. */
    public List<Exported> page(UUID afterId, int limit) {
        return sql.query(
                "select e.*, s.tag, s.key_number from vault.erasure e join vault.erased_subject s on s.erasure_id = e.id"
                        + " where e.id > ? order by e.id limit ?",
                row -> new Exported(read(row), Bytes.of(row.getBytes("tag")), row.getInt("key_number")),
                afterId,
                limit);
    }

    /** The erasures of these tombstones, each by its tombstone as hexadecimal text. */
    public Map<String, UUID> findByTag(List<byte[]> tombstones) {
        return sql
                .query(
                        "select encode(tag, 'hex') as tag, erasure_id from vault.erased_subject where tag = any(?)",
                        row -> Map.entry(row.getString("tag"), Sql.uuid(row, "erasure_id")),
                        new ArrayOf("bytea", tombstones))
                .stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a));
    }

    /** The erasure of this tombstone. */
    public Optional<UUID> find(List<byte[]> tombstones) {
        return sql.first(
                "select erasure_id from vault.erased_subject where tag = any(?)",
                row -> Sql.uuid(row, "erasure_id"),
                new ArrayOf("bytea", tombstones));
    }

    /** Which of these tombstones exist; as hexadecimal text. */
    public Set<String> findAll(List<byte[]> tombstones) {
        return sql
                .query(
                        "select encode(tag, 'hex') as tag from vault.erased_subject where tag = any(?)",
                        row -> row.getString("tag"),
                        new ArrayOf("bytea", tombstones))
                .stream()
                .collect(Collectors.toUnmodifiableSet());
    }

    /** What stays of the erasure with this id. */
    public Optional<Row> get(UUID id) {
        return sql.first("select * from vault.erasure where id = ?", Erasures::read, id);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                Sql.bytesOrNull(row, "pseudonym"),
                row.getString("reason"),
                row.getString("requested_by"),
                Sql.instant(row, "logical_at"),
                row.getInt("kek_version"),
                row.getInt("first_kek_version"),
                row.getInt("last_kek_version"),
                row.getInt("templates"),
                row.getBoolean("released"));
    }
}
