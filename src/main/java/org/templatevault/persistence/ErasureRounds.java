package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What became true of an erasure, and when: recorded once, when it is first seen to be true. An erasure has one round, and
 * one more for each time that a restored database brought its subject back.
 */
@ApplicationScoped
public class ErasureRounds {
    /**
     * A round.
     *
     * @param unknownVersion taken over from a copy of the database that had versions which are not known here
     * @param goneXid every transaction that began before the rows were gone has a lower id; beyond all ids while
     *     the subject may be there
     */
    public record Row(
            UUID erasureId,
            int round,
            Instant at,
            int firstKekVersion,
            int lastKekVersion,
            int templates,
            long goneXid,
            boolean unknownVersion,
            @Nullable Instant evictedAt,
            @Nullable Instant vacuumedAt,
            @Nullable String vacuumedAtLsn,
            @Nullable Instant cryptographicAt,
            @Nullable Instant physicalAt) {
        /** Whether a restored database may have brought the subject back: no step is true then. */
        public boolean mayBeThere() {
            return goneXid >= REFUSED;
        }

        /** Whether the subject is there, and the database has refused to erase it again. */
        public boolean isRefused() {
            return goneXid == REFUSED;
        }
    }

    /** How many erasures one statement changes at most. */
    public static final int SLICE = 20_000;

    /** In place of a transaction id: the walk that erases again has not come to its end. */
    static final long NOT_YET = Long.MAX_VALUE;

    /** In place of a transaction id: the walk could not erase the subject. */
    static final long REFUSED = NOT_YET - 1;

    private static final String THERE_NO_MORE = "gone_xid < " + REFUSED;

    /** By the index of those that are to be evicted. */
    static final String IS_REFUSED = " evicted_at is null and gone_xid = " + REFUSED;

    /** A backup that may hold what was erased. */
    private static final String COPY = " from vault.copy c where c.expires_at > now() and c.destroyed_at is null";

    /**
     * The copies of the key store that can hold the root key of a version {@code v}: a copy has the key store of any time
     * from the one at which it was begun to its registration, and whoever registers it may look at another clock. It is
     * later than the destruction only if both times are, and earlier than the key only if both are, by five minutes.
     */
    private static final String HOLDS_ROOT_KEY = " and c.kind = 'keystore'"
            + " and greatest(c.taken_at, c.registered_at) >= v.created_at - interval '5 minutes'"
            + " and least(c.taken_at, c.registered_at) <= coalesce(v.destroyed_at, now())";

    /** The copies of database and log that may hold the rows themselves: a dead row is copied until it is vacuumed. */
    private static final String HOLDS_ROWS = " and c.kind in ('database', 'wal')"
            + " and least(c.taken_at, c.registered_at) <= coalesce(r.vacuumed_at, now())";

    /** What was vacuumed before the oldest copy that exists: the same as no {@link #HOLDS_ROWS}, for all rows at once. */
    private static final String IN_NO_COPY =
            " and vacuumed_at < coalesce((select min(least(c.taken_at, c.registered_at))" + COPY
                    + " and c.kind in ('database', 'wal')), 'infinity')";

    @Inject
    Sql sql;

    /** An erasure and how far its last round is. */
    public record Recent(
            UUID id,
            String reason,
            String requestedBy,
            Instant logicalAt,
            int templates,
            @Nullable Instant evictedAt,
            @Nullable Instant cryptographicAt,
            @Nullable Instant physicalAt) {}

    /** Erasures with ids below this one, the newest first. */
    public List<Recent> newest(UUID before, int limit) {
        return sql.query(
                "select e.id, e.reason, e.requested_by, e.logical_at, e.templates, r.evicted_at, r.cryptographic_at,"
                        + " r.physical_at from vault.erasure e cross join lateral (select * from vault.erasure_round o"
                        + " where o.erasure_id = e.id order by o.round desc limit 1) r"
                        + " where e.id < ? order by e.id desc limit ?",
                row -> new Recent(
                        Sql.uuid(row, "id"),
                        row.getString("reason"),
                        row.getString("requested_by"),
                        Sql.instant(row, "logical_at"),
                        row.getInt("templates"),
                        Sql.instantOrNull(row, "evicted_at"),
                        Sql.instantOrNull(row, "cryptographic_at"),
                        Sql.instantOrNull(row, "physical_at")),
                before,
                limit);
    }

    /** The rounds of an erasure, the first one first. */
    public List<Row> of(UUID erasure) {
        return sql.query(
                "select * from vault.erasure_round where erasure_id = ? order by round",
                row -> new Row(
                        Sql.uuid(row, "erasure_id"),
                        row.getInt("round"),
                        Sql.instant(row, "at"),
                        row.getInt("first_kek_version"),
                        row.getInt("last_kek_version"),
                        row.getInt("templates"),
                        row.getLong("gone_xid"),
                        row.getBoolean("unknown_version"),
                        Sql.instantOrNull(row, "evicted_at"),
                        Sql.instantOrNull(row, "vacuumed_at"),
                        row.getString("vacuumed_at_lsn"),
                        Sql.instantOrNull(row, "cryptographic_at"),
                        Sql.instantOrNull(row, "physical_at")),
                erasure);
    }

    /**
     * Changes no more than {@link #SLICE} rounds, so that no statement lasts; called again until it changes fewer.
     *
     * @param stillSo looked at again where somebody else has changed the row meanwhile
     */
    private int slice(String changes, String stillSo, String condition, @Nullable Object... arguments) {
        return sql.update(
                "update vault.erasure_round set " + changes + " where " + stillSo
                        + " and ctid = any(array(select r.ctid" + " from vault.erasure_round r where " + stillSo
                        + " and " + condition + " limit " + SLICE + "))",
                arguments);
    }

    /**
     * In a database that was made from a dump, the log begins anew: a position of the future was passed before it was made.
     *
     * @return how many; at most {@link #SLICE}
     */
    public int adaptPositions() {
        return slice(
                "vacuumed_at_lsn = pg_current_wal_insert_lsn()",
                "physical_at is null",
                "vacuumed_at_lsn > pg_current_wal_insert_lsn()");
    }

    /**
     * As {@link #adaptPositions} for transaction ids: what is recorded with one of the future was gone before the database
     * was made.
     */
    public int adaptIds() {
        return slice(
                "gone_xid = pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
                THERE_NO_MORE,
                "(evicted_at is null or vacuumed_at is null)"
                        + " and gone_xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
    }

    /** Records the eviction of what every living node has confirmed; how many, at most {@link #SLICE}. */
    public int evict() {
        return slice(
                "evicted_at = now()",
                "evicted_at is null and " + THERE_NO_MORE,
                "gone_xid <= (select min(coalesce(cleared_xid, 0)) from vault.node"
                        + " where seen_at > clock_timestamp() - ? * interval '1 second')",
                Nodes.SILENT_SECONDS);
    }

    /** Takes back the steps of subjects that are there and that the database refuses to erase again. */
    public void refuse(List<UUID> erasures) {
        sql.update(
                "update vault.erasure_round r set gone_xid = ?, evicted_at = null, vacuumed_at = null,"
                        + " vacuumed_at_lsn = null, cryptographic_at = null, physical_at = null"
                        + " where erasure_id = any(?) and not exists (select 1 from vault.erasure_round l"
                        + " where l.erasure_id = r.erasure_id and l.round > r.round)",
                REFUSED,
                new UuidArray(erasures));
    }

    /** The erasures that the database has refused to carry out again, the first ones. */
    public List<UUID> refused(int limit) {
        return sql.query(
                "select erasure_id from vault.erasure_round where" + IS_REFUSED + " order by erasure_id limit ?",
                row -> Sql.uuid(row, "erasure_id"),
                limit);
    }

    /** How many erasures the database has refused to carry out again. */
    public long countRefused() {
        return sql.first("select count(*) from vault.erasure_round where" + IS_REFUSED, row -> row.getLong(1))
                .orElseThrow();
    }

    /** What was refused is for the walk that begins. */
    public void tryRefused() {
        sql.update("update vault.erasure_round set gone_xid = ? where" + IS_REFUSED, NOT_YET);
    }

    /** The walk has come to its end: whoever was not refused is gone. */
    public void walkEnded() {
        sql.update(
                "update vault.erasure_round set gone_xid = pg_current_xact_id()::text::bigint + 1"
                        + " where evicted_at is null and gone_xid = ?",
                NOT_YET);
    }

    /** Whether a vacuum that begins at this horizon would remove what an erasure waits for. */
    public boolean waitForVacuum(long horizon) {
        return sql.first(
                        "select 1 from vault.erasure_round where vacuumed_at is null and gone_xid <= ? limit 1",
                        row -> row.getInt(1),
                        horizon)
                .isPresent();
    }

    /** When an erasure was last vacuumed; nothing if none ever was. */
    public Optional<Instant> lastVacuum() {
        return sql.first(
                "select max(vacuumed_at) as last from vault.erasure_round having max(vacuumed_at) is not null",
                row -> Sql.instant(row, "last"));
    }

    /** Takes back what was said after a vacuum of fewer tables, by a node of an earlier release; at most {@link #SLICE}. */
    public int takeBackVacuumsOfFewer(int tables) {
        return slice(
                "vacuumed_at = null, vacuumed_at_lsn = null, physical_at = null",
                "vacuumed_at is not null",
                "vacuumed_tables < ?",
                tables);
    }

    /**
     * Records that a vacuum of so many tables has removed the rows of what was gone before this horizon; how many, at most
     * {@link #SLICE}.
     */
    public int vacuumed(long horizon, int tables) {
        String lsn = sql.first("select pg_current_wal_insert_lsn()::text as lsn", row -> row.getString("lsn"))
                .orElseThrow();
        return slice(
                "vacuumed_at = now(), vacuumed_at_lsn = ?::pg_lsn, vacuumed_tables = ?",
                "vacuumed_at is null and " + THERE_NO_MORE,
                "gone_xid <= ?",
                lsn,
                tables,
                horizon);
    }

    /** What decides about the two last steps; while it is the same, nothing new can be true. */
    public String facts() {
        return sql.first(
                        "select (select count(*) from vault.key_version where state = 'DESTROYED') || ' '"
                                + " || (select count(*)" + COPY + ") || ' '"
                                + " || (select count(*) from vault.copy) || ' '"
                                + " || (select count(*) || ' ' || count(*) filter (where gone_xid >= " + REFUSED + ")"
                                + " from vault.erasure_round where cryptographic_at is null or physical_at is null) || ' '"
                                + " || coalesce((select max(vacuumed_at)::text from vault.erasure_round), '') as facts",
                        row -> row.getString("facts"))
                .orElseThrow();
    }

    /**
     * Records whose key versions are all destroyed, root keys in registered copies of the key store included; how many, at
     * most {@link #SLICE}.
     */
    public int cryptographic() {
        return slice(
                "cryptographic_at = now()",
                "cryptographic_at is null and " + THERE_NO_MORE,
                "not unknown_version and last_kek_version <= (select max(version) from vault.key_version where state = 'DESTROYED')"
                        + " and not exists (select 1 from vault.key_version v where v.version between r.first_kek_version"
                        + " and r.last_kek_version and (v.state <> 'DESTROYED' or exists (select 1" + COPY
                        + HOLDS_ROOT_KEY + ")))");
    }

    /** The positions of the log that standbys must have replayed before erasures are physically complete. */
    public List<String> positionsToReplay() {
        return sql.query(
                "select distinct vacuumed_at_lsn::text as lsn from vault.erasure_round where physical_at is null"
                        + IN_NO_COPY,
                row -> row.getString("lsn"));
    }

    /**
     * Records what was vacuumed up to a position that every standby has replayed, and is in no registered copy; how many,
     * at most {@link #SLICE}.
     */
    public int physical(String lsn) {
        return slice(
                "physical_at = now()",
                "physical_at is null and vacuumed_at is not null",
                "vacuumed_at_lsn <= ?::pg_lsn" + IN_NO_COPY,
                lsn);
    }

    /** The versions between two that are not destroyed, oldest first. */
    public List<Integer> livingVersions(int first, int last) {
        return sql.query(
                "select version from vault.key_version where version between ? and ? and state <> 'DESTROYED'"
                        + " order by version",
                row -> row.getInt(1),
                first,
                last);
    }

    /** Copies that have something still: those that live longest, at most {@link Copies#LISTED}, and how many there are. */
    public record Holding(List<Copies.Row> longest, long all) {}

    /** The registered copies of the key store that can hold a root key of one of these versions. */
    public Holding keyStoreCopies(int first, int last) {
        return holding(
                "select c.*, count(*) over () as found" + COPY + " and exists (select 1 from vault.key_version v"
                        + " where v.version between ? and ?" + HOLDS_ROOT_KEY + ")",
                first,
                last);
    }

    /** The registered copies of database and log that may hold rows of an erasure. */
    public Holding databaseCopies(UUID erasure, int round) {
        return holding(
                "select c.*, count(*) over () as found from vault.copy c"
                        + " join vault.erasure_round r on r.erasure_id = ? and r.round = ?"
                        + " where c.expires_at > now() and c.destroyed_at is null" + HOLDS_ROWS,
                erasure,
                round);
    }

    private Holding holding(String copies, Object... arguments) {
        List<Copies.Row> longest = new ArrayList<>();
        long all = 0;
        for (var found : sql.query(
                copies + " order by c.expires_at desc limit " + Copies.LISTED,
                row -> Map.entry(Copies.read(row), row.getLong("found")),
                arguments)) {
            longest.add(found.getKey());
            all = found.getValue();
        }
        return new Holding(longest, all);
    }

    /** How many copies were registered since a step was recorded which would have kept it from being true. */
    public long lateCopies(UUID erasure, int round) {
        return sql.first(
                        "select count(*) from vault.copy c join vault.erasure_round r on r.erasure_id = ? and r.round = ?"
                                + " where c.expires_at > now() and c.destroyed_at is null and (c.registered_at >"
                                + " r.physical_at" + HOLDS_ROWS + " or c.registered_at > r.cryptographic_at and exists"
                                + " (select 1 from vault.key_version v where v.version between r.first_kek_version"
                                + " and r.last_kek_version" + HOLDS_ROOT_KEY + "))",
                        row -> row.getLong(1),
                        erasure,
                        round)
                .orElseThrow();
    }
}
