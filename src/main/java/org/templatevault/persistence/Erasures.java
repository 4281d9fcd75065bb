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

    /** What a round adds to a record. */
    private record Round(
            int number, Instant at, int firstKekVersion, int lastKekVersion, int templates, boolean unknownVersion) {
        static Round of(Row row) {
            return new Round(1, row.logicalAt, row.firstKekVersion, row.lastKekVersion, row.templates, false);
        }

        Round withUnknown(boolean unknown) {
            return new Round(number, at, firstKekVersion, lastKekVersion, templates, unknown);
        }
    }

    /** No key of tombstones has a number as high: a tag's second record stands under the number of its key and this. */
    private static final int NEXT_RECORD = 1 << 20;

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
        insertRound(row.id, Round.of(row), null);
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

    /** A tag that has several records stands once for each, under numbers of keys that are {@link #NEXT_RECORD} apart. */
    private void insertTombstone(byte[] tombstone, int keyNumber, Row row) {
        int inserted = sql.update(
                "insert into vault.erased_subject (tag, key_number, erasure_id, erased_at)"
                        + " select ?, ? + " + NEXT_RECORD + " * count(*), ?, ? from vault.erased_subject where tag = ?"
                        + " and key_number % " + NEXT_RECORD + " = ? having count(*) filter (where erasure_id = ?) = 0"
                        + " on conflict do nothing",
                tombstone,
                keyNumber,
                row.id,
                row.logicalAt,
                tombstone,
                keyNumber,
                row.id);
        if (inserted == 0 && !findAll(List.of(tombstone)).contains(row.id)) {
            throw new TryAgainException("The subject was just erased under another record");
        }
    }

    private void insertRound(UUID erasure, Round round, @Nullable Long goneXid) {
        sql.update(
                "insert into vault.erasure_round (erasure_id, round, at, first_kek_version, last_kek_version, templates,"
                        + " gone_xid, unknown_version) values (?, ?, ?, ?, ?, ?,"
                        + " coalesce(?::bigint, pg_current_xact_id()::text::bigint + 1), ?)",
                erasure,
                round.number,
                round.at,
                round.firstKekVersion,
                round.lastKekVersion,
                round.templates,
                goneXid,
                round.unknownVersion);
    }

    /** One more round, which keeps what the last one says of versions: the log still has what was written under them. */
    private void addRound(UUID erasure, Round again, @Nullable Long goneXid) {
        Round last = lastRound(erasure);
        Round widened = new Round(
                last.number + 1,
                again.at,
                Math.min(last.firstKekVersion, again.firstKekVersion),
                Math.max(last.lastKekVersion, again.lastKekVersion),
                again.templates,
                last.unknownVersion || again.unknownVersion);
        insertRound(erasure, widened, goneXid);
    }

    private Round lastRound(UUID erasure) {
        return sql.first(
                        "select * from vault.erasure_round where erasure_id = ? order by round desc limit 1",
                        row -> new Round(
                                row.getInt("round"),
                                Sql.instant(row, "at"),
                                row.getInt("first_kek_version"),
                                row.getInt("last_kek_version"),
                                row.getInt("templates"),
                                row.getBoolean("unknown_version")),
                        erasure)
                .orElseThrow();
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
     * @param known the records that it has, the first one first
     * @param again versions and count as they are in this database
     * @return the first record
     */
    public Row insertAgain(List<UUID> known, Row again, UUID subject) {
        for (UUID erasure : known) {
            addRound(erasure, Round.of(again), null);
        }
        sql.update(
                "update vault.erasure_round set gone_xid = pg_current_xact_id()::text::bigint + 1"
                        + " where erasure_id = any(?) and gone_xid >= ?",
                new UuidArray(known),
                ErasureRounds.REFUSED);
        leave(subject, again.kekVersion, again.logicalAt);
        Row first = get(known.get(0)).orElseThrow();
        erased.fire(new SubjectErased(subject, first));
        return first;
    }

    /**
     * Takes over a record of another copy of this database; false if it is here already. None of its steps is true before
     * the walk has ended. Where the subject has another record, the earlier of the two gets a round for the later one.
     */
    public boolean importRecord(Exported exported) {
        Row row = exported.row;
        boolean isNew = insertRecord(row) == 1;
        byte[] tag = exported.tag.toArray();
        List<UUID> others = isNew ? findAll(List.of(tag)) : List.of();
        insertTombstone(tag, exported.keyNumber, row);
        if (isNew) {
            Round imported = Round.of(row).withUnknown(isUnknown(row.lastKekVersion, row.logicalAt));
            insertRound(row.id, imported, ErasureRounds.NOT_YET);
            others.forEach(other -> join(row.id, imported, other));
        }
        return isNew;
    }

    /** A version of this number that was made after the erasure, clocks aside, is another one than the record names. */
    private boolean isUnknown(int version, Instant erasedAt) {
        return sql.first(
                        "select ? > coalesce((select max(version) from vault.key_version where created_at <= ?::timestamptz"
                                + " + interval '1 minute'), 0)"
                                + " as unknown",
                        row -> row.getBoolean("unknown"),
                        version,
                        erasedAt)
                .orElseThrow();
    }

    private void join(UUID imported, Round round, UUID other) {
        Round last = lastRound(other);
        if (last.at.isBefore(round.at)) {
            addRound(other, round, ErasureRounds.NOT_YET);
        } else {
            addRound(imported, last, ErasureRounds.NOT_YET);
        }
    }

    /** The erasures after an id with their tombstones, in the order of their ids. */
    public List<Exported> page(UUID afterId, int limit) {
        return sql.query(
                "select e.*, s.tag, s.key_number % " + NEXT_RECORD
                        + " as key_number from vault.erasure e join vault.erased_subject s on s.erasure_id = e.id"
                        + " where e.id > ? order by e.id limit ?",
                row -> new Exported(read(row), Bytes.of(row.getBytes("tag")), row.getInt("key_number")),
                afterId,
                limit);
    }

    /** The erasures of these tombstones, the first one first, each by its tombstone as hexadecimal text. */
    public Map<String, List<UUID>> findByTag(List<byte[]> tombstones) {
        return sql
                .query(
                        "select encode(tag, 'hex') as tag, erasure_id from vault.erased_subject where tag = any(?)"
                                + " order by erased_at, erasure_id",
                        row -> Map.entry(row.getString("tag"), Sql.uuid(row, "erasure_id")),
                        new ArrayOf("bytea", tombstones))
                .stream()
                .collect(Collectors.groupingBy(
                        Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
    }

    /** The first erasure of this tombstone. */
    public Optional<UUID> find(List<byte[]> tombstones) {
        return findAll(tombstones).stream().findFirst();
    }

    /** The erasures of one subject, the first one first. */
    public List<UUID> findAll(List<byte[]> tombstones) {
        return sql.query(
                "select erasure_id from vault.erased_subject where tag = any(?) order by erased_at, erasure_id",
                row -> Sql.uuid(row, "erasure_id"),
                new ArrayOf("bytea", tombstones));
    }

    /** Which of these tombstones exist; as hexadecimal text. */
    public Set<String> existing(List<byte[]> tombstones) {
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
