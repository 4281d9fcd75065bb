package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/**
 * Erasures of many subjects: what was asked, and whom it still concerns. The rows of {@code bulk_erasure_item} without an
 * outcome decide what is left, whatever a checkpoint says.
 */
@ApplicationScoped
public class BulkErasures {
    /**
     * Whom it concerns: the subjects of a list, or those whom all that is given holds for.
     *
     * @param subjects null for a query
     * @param modality those who have a template of it, in any version
     * @param olderThan those who were made so long ago or longer, as an ISO 8601 period
     * @param dueBy those whom their policy wants erased by this day
     * @param limit the first so many of a query; null for all
     */
    public record Selection(
            @Nullable List<UUID> subjects,
            @Nullable String modality,
            @Nullable String olderThan,
            @Nullable LocalDate dueBy,
            @Nullable Integer limit) {}

    /** How many a selection has, how many of them are under a hold, and how many are nobody's ids. */
    public record Counts(long total, long held, long absent) {}

    /** One of them. {@code remaining} is what was not reached yet, or never for a cancelled one. */
    public record Row(
            UUID id,
            String state,
            String kind,
            @Nullable String modality,
            @Nullable String olderThan,
            @Nullable LocalDate dueBy,
            String reason,
            @Nullable Integer rate,
            @Nullable String backingOff,
            String requestedBy,
            Instant requestedAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            Counts counts,
            long erased,
            long kept,
            long failed) {
        /** What was not reached. */
        public long remaining() {
            return counts.total - counts.held - counts.absent - erased - kept - failed;
        }
    }

    /** What a chunk came to. */
    public record Progress(int erased, int held, int absent, int kept) {}

    /** A subject that was left. */
    public record Left(UUID subject, String outcome) {}

    /** Key of an advisory lock. */
    private static final long ASKING = 0x7661756c76L;

    @Inject
    Sql sql;

    /** Counts whom a selection concerns. */
    public Counts count(Selection selection) {
        List<@Nullable Object> arguments = new ArrayList<>();
        String from = select(selection, arguments);
        return sql.first(
                        "select count(*) as total, count(*) filter (where held) as held,"
                                + " count(*) filter (where absent) as absent from (" + from + ") s",
                        row -> new Counts(row.getLong("total"), row.getLong("held"), row.getLong("absent")),
                        arguments.toArray())
                .orElseThrow();
    }

    private static String select(Selection selection, List<@Nullable Object> arguments) {
        String held = "exists (select 1 from vault.subject_hold h where h.subject_id = k.subject_id"
                + " and h.lifted_at is null) as held";
        if (selection.subjects != null) {
            arguments.add(new UuidArray(selection.subjects));
            return "select u.id as subject_id, " + held + ", k.subject_id is null as absent"
                    + " from (select distinct id from unnest(?) as u(id)) u"
                    + " left join vault.subject_key k on k.subject_id = u.id";
        }
        StringBuilder query = new StringBuilder("select k.subject_id, " + held + ", false as absent"
                + " from vault.subject_key k join vault.subject_retention r on r.subject_id = k.subject_id");
        if (selection.dueBy != null) {
            query.append(" join " + Retention.WITH_POLICY + " where " + Retention.DUE_ON + " <= ?");
            arguments.add(selection.dueBy);
        } else {
            query.append(" where true");
        }
        if (selection.modality != null) {
            query.append(" and exists (select 1 from vault.template t where t.subject_id = k.subject_id"
                    + " and t.modality = ?)");
            arguments.add(selection.modality);
        }
        if (selection.olderThan != null) {
            query.append(" and r.enrolled_on + ?::interval <= " + Retention.TODAY);
            arguments.add(selection.olderThan);
        }
        if (selection.limit != null) {
            query.append(" order by k.subject_id limit ?");
            arguments.add(selection.limit);
        }
        return query.toString();
    }

    /**
     * Records an erasure and whom it concerns, as one statement sees them: later ones are not erased by it.
     *
     * @param reason as the receipts will have it
     * @param rate the most subjects a second; null for no limit
     */
    public Counts insert(UUID id, Selection selection, String reason, @Nullable Integer rate, String caller) {
        List<@Nullable Object> arguments = new ArrayList<>();
        String from = select(selection, arguments);
        arguments.add(id);
        arguments.add(id);
        arguments.add(selection.subjects == null ? "query" : "list");
        arguments.add(selection.modality);
        arguments.add(selection.olderThan);
        arguments.add(selection.dueBy);
        arguments.add(reason);
        arguments.add(rate);
        arguments.add(caller);
        return sql.first(
                        "with s as materialized (" + from + "), items as (insert into vault.bulk_erasure_item"
                                + " (bulk_id, subject_id, outcome) select ?, subject_id, case when held then 'HELD' end"
                                + " from s where not absent)"
                                + " insert into vault.bulk_erasure (id, state, kind, modality, older_than, due_by,"
                                + " reason, rate, requested_by, requested_at, total, held, absent)"
                                + " select ?, 'REQUESTED', ?, ?, ?, ?::date, ?, ?::integer, ?, now(), count(*),"
                                + " count(*) filter (where held), count(*) filter (where absent) from s"
                                + " returning total, held, absent",
                        row -> new Counts(row.getLong("total"), row.getLong("held"), row.getLong("absent")),
                        arguments.toArray())
                .orElseThrow();
    }

    /** One of them. */
    public Optional<Row> find(UUID id) {
        return sql.first("select * from vault.bulk_erasure where id = ?", BulkErasures::read, id);
    }

    /** The newest, at most 100. */
    public List<Row> newest() {
        return sql.query("select * from vault.bulk_erasure order by requested_at desc limit 100", BulkErasures::read);
    }

    /** The oldest that is to be carried out. */
    public Optional<Row> open() {
        return sql.first(
                "select * from vault.bulk_erasure where state in ('REQUESTED', 'RUNNING') order by requested_at limit 1",
                BulkErasures::read);
    }

    /** When the last one ended. */
    public Optional<Instant> lastEnd() {
        return sql.first(
                "select ended_at from vault.bulk_erasure where ended_at is not null order by ended_at desc limit 1",
                row -> Sql.instant(row, "ended_at"));
    }

    /** Whether this requester asked on this day or later: a clock that was set back does not ask twice. */
    public boolean wasAskedSince(String requester, LocalDate day) {
        return sql.first(
                        "select 1 from vault.bulk_erasure where requested_by = ?"
                                + " and (requested_at at time zone 'UTC')::date >= ? limit 1",
                        row -> row.getInt(1),
                        requester,
                        day)
                .isPresent();
    }

    /** Whether nobody else is about to ask for those who are due; until this transaction ends nobody else is. */
    public boolean holdAsking() {
        return sql.first("select pg_try_advisory_xact_lock(?) as held", row -> row.getBoolean("held"), ASKING)
                .orElseThrow();
    }

    /**
     * Moves it from one of the states to another; waits for a chunk under way. What is missing at the end was erased by
     * others meanwhile, which took it off the list: it counts as absent.
     */
    public boolean move(UUID id, List<String> from, String to) {
        return sql.update(
                        "update vault.bulk_erasure set state = ?, started_at = case when ? = 'RUNNING' then"
                                + " coalesce(started_at, now()) else started_at end,"
                                + " ended_at = case when ? in ('DONE', 'CANCELLED') then now() end, backing_off = null, absent = case when ?"
                                + " = 'DONE' then total - held - erased - kept - failed else absent end"
                                + " where id = ? and state = any(?)",
                        to,
                        to,
                        to,
                        to,
                        id,
                        new ArrayOf("text", from))
                == 1;
    }

    /** Says why it goes slower than it could, as it was when that began; null when it does not. */
    public void setBackingOff(UUID id, @Nullable String reason) {
        sql.update(
                "update vault.bulk_erasure set backing_off = ? where id = ?"
                        + " and (backing_off is null) <> (?::text is null)",
                reason,
                id,
                reason);
    }

    /** Sets how many subjects a second may be erased; null for no limit. False for one that has ended. */
    public boolean setRate(UUID id, @Nullable Integer rate) {
        return sql.update("update vault.bulk_erasure set rate = ? where id = ? and ended_at is null", rate, id) == 1;
    }

    /** Forgets whom it has not reached; part of the transaction that gives it up. */
    public void forgetRemaining(UUID id) {
        sql.update("delete from vault.bulk_erasure_item where bulk_id = ? and outcome is null", id);
    }

    /** The next subjects that are to be erased, in the order of their ids. */
    public List<UUID> next(UUID id, UUID after, int limit) {
        return sql.query(
                "select subject_id from vault.bulk_erasure_item where bulk_id = ? and subject_id > ? and outcome is null"
                        + " order by subject_id limit ?",
                row -> Sql.uuid(row, "subject_id"),
                id,
                after,
                limit);
    }

    /**
     * First statement of a chunk: whether it may erase, now and until its transaction ends. A change of the state waits for
     * it, and a node that has lost the lease is refused.
     */
    public boolean holdRunning(UUID id, String lease, long token) {
        return sql.update(
                        "update vault.bulk_erasure set state = state where id = ? and state = 'RUNNING'"
                                + " and exists (select 1 from vault.lease where name = ? and token = ?)",
                        id,
                        lease,
                        token)
                == 1;
    }

    /** Leaves a subject as it is, and says so. */
    public void leave(UUID id, List<UUID> subjects, String outcome) {
        sql.update(
                "update vault.bulk_erasure_item set outcome = ? where bulk_id = ? and subject_id = any(?)",
                outcome,
                id,
                new UuidArray(subjects));
    }

    /** Forgets subjects about whom nothing is left to do. */
    public void drop(UUID id, List<UUID> subjects) {
        sql.update(
                "delete from vault.bulk_erasure_item where bulk_id = ? and subject_id = any(?)",
                id,
                new UuidArray(subjects));
    }

    /** Adds the receipts and the figures of a chunk. */
    public void advance(UUID id, List<UUID> erasures, Progress progress) {
        sql.update(
                "with receipts as (insert into vault.bulk_erasure_receipt (bulk_id, erasure_id)"
                        + " select ?, * from unnest(?) on conflict do nothing)"
                        + " update vault.bulk_erasure set erased = erased + ?, held = held + ?, absent = absent + ?,"
                        + " kept = kept + ? where id = ?",
                id,
                new UuidArray(erasures),
                progress.erased,
                progress.held,
                progress.absent,
                progress.kept,
                id);
    }

    /** Gives up the first subject that is left: it cannot be erased. */
    public void giveUpFirst(UUID id) {
        List<UUID> first = next(id, new UUID(0, 0), 1);
        leave(id, first, "FAILED");
        sql.update("update vault.bulk_erasure set failed = failed + ? where id = ?", first.size(), id);
    }

    /** The receipts after one, in the order of their ids. */
    public List<UUID> receipts(UUID id, UUID after, int limit) {
        return sql.query(
                "select erasure_id from vault.bulk_erasure_receipt where bulk_id = ? and erasure_id > ?"
                        + " order by erasure_id limit ?",
                row -> Sql.uuid(row, "erasure_id"),
                id,
                after,
                limit);
    }

    /** The subjects that were left, after one. */
    public List<Left> left(UUID id, UUID after, int limit) {
        return sql.query(
                "select subject_id, outcome from vault.bulk_erasure_item where bulk_id = ? and subject_id > ?"
                        + " and outcome is not null order by subject_id limit ?",
                row -> new Left(Sql.uuid(row, "subject_id"), row.getString("outcome")),
                id,
                after,
                limit);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                row.getString("state"),
                row.getString("kind"),
                row.getString("modality"),
                row.getString("older_than"),
                row.getObject("due_by", LocalDate.class),
                row.getString("reason"),
                row.getObject("rate", Integer.class),
                row.getString("backing_off"),
                row.getString("requested_by"),
                Sql.instant(row, "requested_at"),
                Sql.instantOrNull(row, "started_at"),
                Sql.instantOrNull(row, "ended_at"),
                new Counts(row.getLong("total"), row.getLong("held"), row.getLong("absent")),
                row.getLong("erased"),
                row.getLong("kept"),
                row.getLong("failed"));
    }
}
