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

    /** Since when a backup of the database opens whole: what was taken before holds rows under a destroyed version. */
    private static final String OPENS_SINCE =
            "(select coalesce(max(coalesce((select min(r.ended_at) from vault.rotation r"
                    + " where r.to_version > v.version and r.state like 'DRAINED%'), (select max(r.ended_at)"
                    + " from vault.rotation r where r.to_version > v.version and r.started_at is not null))),"
                    + " '-infinity') from vault.key_version v where v.state in ('DESTROYING', 'DESTROYED'))";

    /**
     * How far back the registered backups reach.
     *
     * @param now when the oldest backup of the database that opens whole was taken; null if there is none
     * @param after the same once the versions that a rotation leaves are destroyed
     * @param lost how many backups of database and log open now and will not then
     */
    public record Reach(@Nullable Instant now, @Nullable Instant after, long lost) {}

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

    /** Those that have not expired, the newest first, at most 1,000. */
    public List<Row> present() {
        return sql.query(
                "select * from vault.copy where" + EXISTS + " order by taken_at desc limit 1000", Copies::read);
    }

    /** The oldest backup of the database that has not expired and opens whole. */
    public Optional<Row> oldestThatOpens() {
        return sql.first(
                "select * from vault.copy where kind = 'database' and" + EXISTS + " and taken_at > " + OPENS_SINCE
                        + " order by taken_at limit 1",
                Copies::read);
    }

    /**
     * How far back the registered backups reach, now and without the versions that a rotation leaves.
     *
     * @param drainedAt when the last row left these versions; null while some stand there
     */
    public Reach reach(@Nullable Instant drainedAt) {
        return sql.first(
                        "select min(taken_at) filter (where kind = 'database') as now,"
                                + " min(taken_at) filter (where kind = 'database' and taken_at > drained) as after,"
                                + " count(*) filter (where taken_at <= drained) as lost"
                                + " from (select coalesce(?::timestamptz, 'infinity') as drained) d, vault.copy"
                                + " where kind in ('database', 'wal') and" + EXISTS + " and taken_at > "
                                + OPENS_SINCE,
                        row -> new Reach(
                                Sql.instantOrNull(row, "now"), Sql.instantOrNull(row, "after"), row.getLong("lost")),
                        drainedAt)
                .orElseThrow();
    }

    /**
     * The backups of database and log that the destruction of a version makes useless, in part or whole: from its making to
     * the end of the rotation that emptied it, which moves the service keys last.
     */
    public List<Row> uselessWithout(int version) {
        return sql.query(
                "select * from vault.copy, (values (?::int)) as given(v) where kind in ('database', 'wal') and" + EXISTS
                        + " and taken_at >="
                        + " (select created_at from vault.key_version where version = v) and taken_at <= greatest("
                        + "(select max(at) from vault.subject_count where kek_version = v), coalesce((select min(ended_at)"
                        + " from vault.rotation where to_version > v and state like 'DRAINED%'), 'infinity'))"
                        + " order by taken_at",
                Copies::read,
                version);
    }

    /** Whether a backup of this kind was taken at a time or later. */
    public boolean existsSince(String kind, Instant time) {
        return sql.first(
                        "select 1 from vault.copy where kind = ? and taken_at >= ? and" + EXISTS + " limit 1",
                        row -> row.getInt(1),
                        kind,
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
