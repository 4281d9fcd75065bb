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

/** The rotations: what was asked, where each stands, and its progress as one statement sees it. */
@ApplicationScoped
public class Rotations {
    /** A rotation. */
    public record Row(
            UUID id,
            String state,
            String mode,
            String reason,
            String dataSuite,
            int fromVersion,
            int toVersion,
            long total,
            @Nullable Integer rate,
            @Nullable Integer compromisedVersion,
            @Nullable String backingOff,
            @Nullable String obstacle,
            String requestedBy,
            Instant requestedAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt) {}

    /**
     * Progress in one snapshot: total = done + remaining + quarantined + erased.
     *
     * @param lately how many subjects were moved in the last ten seconds
     */
    public record Progress(long done, long remaining, long quarantined, long erased, long lately) {}

    /** The subjects of one partition: those after one id, up to another. */
    public record Range(UUID afterId, UUID upToId) {}

    /** What of a range there are subjects in, and how far its partition has come; null before its first page. */
    public record Passed(UUID fromId, UUID upToId, @Nullable UUID reachedId) {}

    /** Of a rotation that is not activated: what there is to move is counted then. */
    public static final Progress NOTHING_YET = new Progress(0, 0, 0, 0, 0);

    private static final UUID LEAST = new UUID(0, 0);
    private static final UUID MOST = new UUID(-1, -1);

    @Inject
    Sql sql;

    /** Records a request; false if a rotation is open, after waiting for one that is just being recorded. */
    public boolean insert(Row row) {
        return sql.update(
                        "insert into vault.rotation (id, state, mode, reason, data_suite, from_version, to_version, rate,"
                                + " compromised_version, requested_by, requested_at)"
                                + " values (?, 'REQUESTED', ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                + " on conflict do nothing",
                        row.id,
                        row.mode,
                        row.reason,
                        row.dataSuite,
                        row.fromVersion,
                        row.toVersion,
                        row.rate,
                        row.compromisedVersion,
                        row.requestedBy,
                        row.requestedAt)
                == 1;
    }

    /** The rotation that has not ended, if there is one. */
    public Optional<Row> open() {
        return sql.first(
                "select * from vault.rotation where ended_at is null order by requested_at limit 1", Rotations::read);
    }

    /** When a rotation that was asked for with a reason was last cancelled. */
    public Optional<Instant> lastCancelled(String reason) {
        return sql.first(
                "select ended_at from vault.rotation where reason = ? and state = 'CANCELLED' order by ended_at desc limit 1",
                row -> Sql.instant(row, "ended_at"),
                reason);
    }

    /** One rotation. */
    public Optional<Row> find(UUID id) {
        return sql.first("select * from vault.rotation where id = ?", Rotations::read, id);
    }

    /** Whether a compromise was asked for after the newest signing key was made, also one that was given up since. */
    public boolean hasCompromiseAfterSigningKey() {
        return sql.first(
                        "select exists (select 1 from vault.rotation where reason = 'compromise' and requested_at >"
                                + " (select max(created_at) from vault.service_key where purpose = 'SIGNING')) as has",
                        row -> row.getBoolean("has"))
                .orElseThrow();
    }

    /** The newest rotations, at most 100. */
    public List<Row> newest() {
        return sql.query("select * from vault.rotation order by requested_at desc limit 100", Rotations::read);
    }

    /**
     * Moves a rotation that goes on from one of the states given to another.
     *
     * @return false if it is in none of them
     */
    public boolean move(UUID id, List<String> from, String to) {
        if (!to.equals("STAGED")) { // a key store is asked then, and nobody moves subjects yet
            FairLock.STEERING.exclude(sql);
        }
        return sql.update(
                        "update vault.rotation set state = ?, backing_off = null where id = ? and state = any(?)",
                        to,
                        id,
                        new ArrayOf("text", from))
                == 1;
    }

    /**
     * Ends a rotation, and keeps its figures as they are when nobody moves subjects for it any more. Backups that are newer
     * than its end count as newer than its last move.
     */
    public boolean end(UUID id, List<String> from, String to) {
        FairLock.STEERING.exclude(sql);
        // Chunks under way hold this row (OlderSubjects.holdRunning): the figures are read when they have committed.
        boolean began = sql.first(
                        "select started_at is not null as began from vault.rotation where id = ? for update",
                        row -> row.getBoolean("began"),
                        id)
                .orElse(false);
        Progress last = began ? progress(id) : NOTHING_YET;
        boolean ended = sql.update(
                        "update vault.rotation set state = ?, backing_off = null, ended_at = clock_timestamp(), ended_done = ?,"
                                + " ended_remaining = ?, ended_quarantined = ?, ended_erased = ? where id = ? and state = any(?)",
                        to,
                        last.done(),
                        last.remaining(),
                        last.quarantined(),
                        last.erased(),
                        id,
                        new ArrayOf("text", from))
                == 1;
        if (ended) {
            sql.update("delete from vault.rotation_range where rotation_id = ?", id); // they hold ids of subjects
        }
        return ended;
    }

    /** Whether the rotation is in this state, now and until this transaction ends: a change of its state waits for it. */
    public boolean hold(UUID id, String state) {
        return sql.first(
                        "select id from vault.rotation where id = ? and state = ? for update",
                        row -> Sql.uuid(row, "id"),
                        id,
                        state)
                .isPresent();
    }

    /**
     * Counts what there is to move, in one snapshot, in the transaction that activated the new version: from now on
     * nothing is added to the older ones. By the deltas: writers wait for this transaction, and a look at every row takes
     * long.
     */
    public void activated(UUID id) {
        sql.update(
                "update vault.rotation r set state = 'ACTIVATED', started_at = clock_timestamp(),"
                        + " total = (select coalesce(sum(case when c.kind in ('CREATED', 'MOVED_IN') then c.subjects"
                        + " else -c.subjects end), 0) from vault.subject_count c where c.kek_version < r.to_version),"
                        + " erased_before = (select coalesce(sum(subjects), 0) from vault.subject_count c"
                        + " where c.kind = 'ERASED' and c.kek_version < r.to_version)"
                        + " where r.id = ? and r.state = 'STAGED'",
                id);
    }

    /**
     * Says why the rotation goes slower than it could, as it was when that began; null when it does not. Each change of
     * state takes it back, and one that stands still does not get it.
     */
    public void setBackingOff(UUID id, @Nullable String reason) {
        String differs = "id = ? and (backing_off is null) <> (?::text is null)"
                + " and state in ('ACTIVATED', 'REENCRYPTING', 'VERIFYING')";
        if (sql.first("select 1 from vault.rotation where " + differs, row -> true, id, reason)
                .isPresent()) {
            FairLock.STEERING.exclude(sql);
            sql.update("update vault.rotation set backing_off = ? where " + differs, reason, id, reason);
        }
    }

    /** Says why the open rotation's next step has to wait if it is in this state; null when it has not to. */
    public void setObstacle(String state, @Nullable String reason) {
        sql.update(
                "update vault.rotation set obstacle = ? where ended_at is null and state = ?"
                        + " and obstacle is distinct from ?",
                reason,
                state,
                reason);
    }

    /** Sets how many subjects a second may be moved; null for no limit. */
    public boolean setRate(UUID id, @Nullable Integer rate) {
        FairLock.STEERING.exclude(sql);
        return sql.update("update vault.rotation set rate = ? where id = ? and ended_at is null", rate, id) == 1;
    }

    /** The last ids of that many ranges of about the same size of the subjects below a version; sorts all their ids. */
    public List<UUID> bounds(int belowVersion, int partitions) {
        return sql.query(
                "select unnest(percentile_disc(array(select i::float8 / ? from generate_series(1, ?) i))"
                        + " within group (order by subject_id)) as bound from vault.subject_key where kek_version < ?",
                row -> Sql.uuid(row, "bound"),
                partitions,
                partitions,
                belowVersion);
    }

    /** Divides all ids into ranges that end there, the last at the greatest id there is; once for each rotation. */
    public void insertRanges(UUID id, List<UUID> bounds) {
        sql.update(
                "insert into vault.rotation_range (rotation_id, number, after_id, up_to_id)"
                        + " select ?, n, coalesce(lag(bound) over (order by n), ?),"
                        + " case when n = count(*) over () then ? else bound end"
                        + " from unnest(?) with ordinality b(bound, n)"
                        + " where not exists (select 1 from vault.rotation_range where rotation_id = ?) on conflict do nothing",
                id,
                LEAST,
                MOST,
                new UuidArray(bounds.isEmpty() ? List.of(MOST) : bounds),
                id);
    }

    /** The ranges of a rotation, in their order. */
    public List<Range> ranges(UUID id) {
        return sql.query(
                "select after_id, up_to_id from vault.rotation_range where rotation_id = ? order by number",
                row -> new Range(Sql.uuid(row, "after_id"), Sql.uuid(row, "up_to_id")),
                id);
    }

    /** How far the partitions of a rotation have come, in the order of their ranges. */
    public List<Passed> passed(UUID id) {
        return sql.query(
                "select greatest(r.after_id, ends.first) as from_id, least(r.up_to_id, ends.last) as up_to_id,"
                        + " r.reached_id from vault.rotation_range r cross join (select"
                        + " (select subject_id from vault.subject_key order by subject_id limit 1) as first,"
                        + " (select subject_id from vault.subject_key order by subject_id desc limit 1) as last) ends"
                        + " where r.rotation_id = ? order by r.number",
                row -> new Passed(
                        Sql.uuid(row, "from_id"), Sql.uuid(row, "up_to_id"), row.getObject("reached_id", UUID.class)),
                id);
    }

    /** Says how far the partition that ends with this id has come; part of its page's transaction. */
    public void reach(UUID id, UUID upToId, UUID reachedId) {
        sql.update(
                "update vault.rotation_range set reached_id = ? where rotation_id = ? and up_to_id = ?",
                reachedId,
                id,
                upToId);
    }

    /** How far a rotation is; for one that ended, how far it came. */
    public Progress progress(UUID id) {
        return sql.first(
                        "select coalesce(r.ended_done, n.done) as done,"
                                + " coalesce(r.ended_remaining, n.older - n.quarantined) as remaining,"
                                + " coalesce(r.ended_quarantined, n.quarantined) as quarantined,"
                                + " coalesce(r.ended_erased, n.erased - r.erased_before) as erased,"
                                + " n.lately from vault.rotation r cross join lateral (select"
                                + " coalesce(sum(subjects) filter (where kind = 'MOVED_OUT' and rotation_id = r.id), 0) as done,"
                                + " coalesce(sum(case when kind in ('CREATED', 'MOVED_IN') then subjects else -subjects end)"
                                + " filter (where kek_version < r.to_version), 0) as older,"
                                + " coalesce(sum(subjects) filter (where kind = 'ERASED' and kek_version < r.to_version), 0)"
                                + " as erased,"
                                + " coalesce(sum(subjects) filter (where kind = 'MOVED_OUT' and rotation_id = r.id"
                                + " and at > now() - interval '10 seconds'), 0) as lately,"
                                + " (select count(distinct q.subject_id) from vault.quarantine q join vault.subject_key k"
                                + " on k.subject_id = q.subject_id and k.kek_version < r.to_version"
                                + " where q.rotation_id = r.id) as quarantined"
                                + " from vault.subject_count) n where r.id = ?",
                        row -> new Progress(
                                row.getLong("done"),
                                row.getLong("remaining"),
                                row.getLong("quarantined"),
                                row.getLong("erased"),
                                row.getLong("lately")),
                        id)
                .orElseThrow();
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                row.getString("state"),
                row.getString("mode"),
                row.getString("reason"),
                row.getString("data_suite"),
                row.getInt("from_version"),
                row.getInt("to_version"),
                row.getLong("total"),
                row.getObject("rate", Integer.class),
                row.getObject("compromised_version", Integer.class),
                row.getString("backing_off"),
                row.getString("obstacle"),
                row.getString("requested_by"),
                Sql.instant(row, "requested_at"),
                Sql.instantOrNull(row, "started_at"),
                Sql.instantOrNull(row, "ended_at"));
    }
}
