package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Backups that somebody registered: of the database, of its write-ahead log, of the key store. */
@ApplicationScoped
public class Copies {
    /** A registered backup; {@code destroyedAt} is null unless its keeper says that it is gone before its expiry. */
    public record Row(
            UUID id,
            String kind,
            String name,
            Instant takenAt,
            Instant expiresAt,
            String registeredBy,
            Instant registeredAt,
            @Nullable Instant destroyedAt,
            @Nullable String destroyedBy) {}

    /** What counts as a copy that exists. */
    static final String EXISTS = " expires_at > now() and destroyed_at is null";

    /** How many copies one answer lists. */
    public static final int LISTED = 1000;

    /** When a copy was made at the latest: the clock of who made it may be ahead, and what is registered was there. */
    private static final String MADE = "least(taken_at, registered_at)";

    /** When the last row left a version {@code v}: no copy from after it needs the version. */
    private static final String LEFT = "case when (select sum(case when kind in ('CREATED', 'MOVED_IN') then subjects"
            + " else -subjects end) from vault.subject_count where kek_version = v) > 0"
            + " or exists (select 1 from vault.service_key where kek_version = v) then 'infinity'"
            + " else coalesce(" + KeyUsage.LAST_LEFT + ", 'infinity') end";

    /** The destroyed versions, each with the time from and to which a copy of the database holds rows under it. */
    private static final String DESTROYED = "destroyed as materialized (select created_at as made, " + LEFT
            + " as left_at from (select version as v, created_at from vault.key_version"
            + " where state in ('DESTROYING', 'DESTROYED')) versions)";

    /** What a backup of the database has to be to open whole: none of its rows is under a destroyed version. */
    private static final String OPENS =
            " and not exists (select 1 from destroyed d where taken_at >= d.made and " + MADE + " <= d.left_at)";

    /**
     * How far back the registered backups reach.
     *
     * @param now when the oldest backup of the database that opens whole was taken; null if there is none
     * @param after the same once the versions that a rotation leaves are destroyed
     * @param lost how many backups of database and log open now and will not then
     */
    public record Reach(@Nullable Instant now, @Nullable Instant after, long lost) {}

    /** Copies that a destruction makes useless: at most {@link #LISTED} of them, and how many there are. */
    public record Useless(List<Row> listed, long all) {}

    @Inject
    Sql sql;

    /** Registers a backup. */
    public void insert(Row row) {
        sql.update(
                "insert into vault.copy (id, kind, name, taken_at, expires_at, registered_by, registered_at)"
                        + " values (?, ?, ?, ?, ?, ?, ?)",
                row.id,
                row.kind,
                row.name,
                row.takenAt,
                row.expiresAt,
                row.registeredBy,
                row.registeredAt);
    }

    /** One copy. */
    public Optional<Row> find(UUID id) {
        return sql.first("select * from vault.copy where id = ?", Copies::read, id);
    }

    /** Notes that a copy was destroyed; once. */
    public void destroyed(UUID id, String by, Instant now) {
        sql.update(
                "update vault.copy set destroyed_at = ?, destroyed_by = ? where id = ? and destroyed_at is null",
                now,
                by,
                id);
    }

    /** Those that have not expired, the newest first, at most {@link #LISTED}; those before one of them, if it is named. */
    public List<Row> present(@Nullable UUID before) {
        return sql.query(
                "select * from vault.copy where" + EXISTS + " and (?::uuid is null or (taken_at, id) <"
                        + " (select b.taken_at, b.id from vault.copy b where b.id = ?)) order by taken_at desc, id desc"
                        + " limit ?",
                Copies::read,
                before,
                before,
                LISTED);
    }

    /** The oldest backup of the database that has not expired and opens whole. */
    public Optional<Row> oldestThatOpens() {
        return wholeSince(Instant.EPOCH);
    }

    /** The oldest backup of the database from after a time that has not expired and opens whole. */
    public Optional<Row> wholeSince(Instant time) {
        return sql.first(
                "with " + DESTROYED + " select * from vault.copy where kind = 'database' and" + EXISTS + " and " + MADE
                        + " > ?" + OPENS + " order by taken_at limit 1",
                Copies::read,
                time);
    }

    /**
     * How far back the registered backups reach, now and without the versions that a rotation leaves.
     *
     * @param drainedAt when the last row left these versions; null while some stand there
     */
    public Reach reach(@Nullable Instant drainedAt) {
        return sql.first(
                        "with " + DESTROYED + " select min(taken_at) filter (where kind = 'database') as now,"
                                + " min(taken_at) filter (where kind = 'database' and " + MADE + " > drained) as after,"
                                + " count(*) filter (where " + MADE + " <= drained) as lost"
                                + " from (select coalesce(?::timestamptz, 'infinity') as drained) given, vault.copy"
                                + " where kind in ('database', 'wal') and" + EXISTS + OPENS,
                        row -> new Reach(
                                Sql.instantOrNull(row, "now"), Sql.instantOrNull(row, "after"), row.getLong("lost")),
                        drainedAt)
                .orElseThrow();
    }

    /**
     * The backups of database and log that the destruction of a version makes useless, in part or whole: from its making
     * until the last row left it, the oldest first, at most {@link #LISTED}.
     */
    public Useless uselessWithout(int version) {
        List<Row> rows = new ArrayList<>();
        long all = 0;
        for (var found : sql.query(
                "with given as materialized (select made, " + LEFT + " as left_at from (select version as v,"
                        + " created_at as made from vault.key_version where version = ?) versions)"
                        + " select *, count(*) over () as found from vault.copy, given where kind in ('database', 'wal') and"
                        + EXISTS + " and taken_at >= made and " + MADE + " <= left_at order by taken_at limit ?",
                row -> Map.entry(read(row), row.getLong("found")),
                version,
                LISTED)) {
            rows.add(found.getKey());
            all = found.getValue();
        }
        return new Useless(rows, all);
    }

    /** Whether a copy of the key store was taken at a time or later. */
    public boolean keyStoreSince(Instant time) {
        return sql.first(
                        "select 1 from vault.copy where kind = 'keystore' and " + MADE + " >= ? and" + EXISTS
                                + " limit 1",
                        row -> row.getInt(1),
                        time)
                .isPresent();
    }

    static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                row.getString("kind"),
                row.getString("name"),
                Sql.instant(row, "taken_at"),
                Sql.instant(row, "expires_at"),
                row.getString("registered_by"),
                Sql.instant(row, "registered_at"),
                Sql.instantOrNull(row, "destroyed_at"),
                row.getString("destroyed_by"));
    }
}
