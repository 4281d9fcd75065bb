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
            @Nullable String destroyedBy) {
        /** When it can have got its last row. */
        public Instant until() {
            return takenAt.isAfter(registeredAt) ? takenAt : registeredAt;
        }
    }

    /** What counts as a copy that exists. */
    static final String EXISTS = " expires_at > now() and destroyed_at is null";

    /** How many copies one answer lists. */
    public static final int LISTED = 1000;

    /**
     * Since when a copy can be, and until when it can hold rows. It is no point in time: a log has a first and a last record,
     * a backup takes hours, and the clock of who makes it may be ahead of the vault's.
     */
    private static final String FROM = "least(taken_at, registered_at)";

    private static final String UNTIL = "greatest(taken_at, registered_at)";

    /**
     * The versions that ever were active, each with the time from which and to which a copy of the database has rows under it,
     * and whether its wrapped key is gone.
     */
    private static final String VERSIONS =
            "counted as materialized (select kek_version, sum(case when kind in ('CREATED',"
                    + " 'MOVED_IN') then subjects else -subjects end) as n, max(at) filter (where kind in ('MOVED_OUT', 'ERASED'))"
                    + " as last from vault.subject_count group by kek_version),"
                    + " versions as materialized (select v, made, gone, case when not gone and (coalesce(n, 0) > 0"
                    + " or exists (select 1 from vault.service_key s where s.kek_version = v)) then 'infinity'"
                    + " else coalesce(greatest(last, " + KeyUsage.ENDED
                    + "), deactivated_at, 'infinity') end as left_at"
                    + " from (select version as v, created_at as made, deactivated_at, not exists (select 1 from vault.key_material m"
                    + " where m.version = k.version) as gone from vault.key_version k where activated_at is not null) known"
                    + " left join counted on kek_version = v)";

    /** Whether a copy has rows under a version. */
    private static final String HOLDS = UNTIL + " >= made and " + FROM + " <= left_at";

    /** What a backup has to be to open whole: of this vault, and with no row under a version whose key is gone. */
    private static final String OPENS = " and " + UNTIL + " >= (select min(made) from versions)"
            + " and not exists (select 1 from versions where gone and " + HOLDS + ")";

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
                "with " + VERSIONS + " select * from vault.copy where kind = 'database' and" + EXISTS + " and " + FROM
                        + " > ?" + OPENS + " order by taken_at limit 1",
                Copies::read,
                time);
    }

    /**
     * How far back the registered backups reach, now and without the versions that a rotation leaves.
     *
     * @param toVersion the one that it leads to
     */
    public Reach reach(int toVersion) {
        return sql.first(
                        "with " + VERSIONS + " select min(taken_at) filter (where kind = 'database') as now,"
                                + " min(taken_at) filter (where kind = 'database' and not loses) as after,"
                                + " count(*) filter (where loses) as lost"
                                + " from (select *, exists (select 1 from versions where not gone and v < ? and "
                                + HOLDS
                                + ") as loses from vault.copy where kind in ('database', 'wal') and" + EXISTS + OPENS
                                + ") whole",
                        row -> new Reach(
                                Sql.instantOrNull(row, "now"), Sql.instantOrNull(row, "after"), row.getLong("lost")),
                        toVersion)
                .orElseThrow();
    }

    /**
     * The backups of database and log that the destruction of a version makes useless, in part or whole: those that can have
     * rows from between its making and the time at which the last row left it, the oldest first, at most {@link #LISTED}.
     */
    public Useless uselessWithout(int version) {
        List<Row> rows = new ArrayList<>();
        long all = 0;
        for (var found : sql.query(
                "with " + VERSIONS + " select c.*, count(*) over () as found from vault.copy c join versions on v = ?"
                        + " where kind in ('database', 'wal') and" + EXISTS + " and " + HOLDS
                        + " order by taken_at limit ?",
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
                        "select 1 from vault.copy where kind = 'keystore' and " + FROM + " >= ? and" + EXISTS
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
