package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Sql.ArrayOf;

/** The entries of the audit trail: inserted, never changed, each waiting for its block until it is in one. */
@ApplicationScoped
public class AuditEntries {
    /**
     * An entry.
     *
     * @param at when, in whole microseconds
     * @param line the entry itself, one line of JSON; the other columns repeat parts of it
     */
    public record Row(
            Instant at,
            UUID id,
            String action,
            String outcome,
            @Nullable String caller,
            @Nullable Bytes subjectTag,
            String line) {}

    /** What to look for; null for everything. The end of the time is not part of it. */
    public record Filter(
            @Nullable Instant from,
            @Nullable Instant to,
            @Nullable String action,
            @Nullable String outcome,
            @Nullable String caller,
            @Nullable Bytes subjectTag) {}

    /** Where a page ended. */
    public record Cursor(Instant at, UUID id) {}

    /** Whether what waits, {@code p}, is in a block. "offset 0": by the index, whatever the statistics say. */
    private static final String IN_A_BLOCK =
            "exists (select 1 from vault.audit_block_entry b where b.at = p.at and b.entry = p.id offset 0)";

    @Inject
    Sql sql;

    /**
     * Writes entries; one that is there already is left as it is.
     *
     * @throws AuditUnavailableException if the database refuses them
     */
    public int insert(List<Row> rows) {
        return insert(rows, "");
    }

    /**
     * Writes entries if the present transaction has changed anything (PostgreSQL gives it a number at its first change).
     *
     * @return how many were written: all or none
     */
    public int insertIfChanged(List<Row> rows) {
        return insert(rows, " where pg_current_xact_id_if_assigned() is not null");
    }

    private int insert(List<Row> rows, String condition) {
        try {
            return send(rows, condition);
        } catch (RuntimeException e) {
            RuntimeException sorted = Failures.duringWork(e);
            boolean known = sorted instanceof VaultException || sorted instanceof TryAgainException;
            throw known ? sorted : new AuditUnavailableException(sorted);
        }
    }

    private int send(List<Row> rows, String condition) {
        return sql.update(
                "with written as (insert into vault.audit_entry (at, id, action, outcome, caller, subject_tag, line)"
                        + " select * from unnest(?, ?, ?, ?, ?, ?, ?)" + condition
                        + " on conflict do nothing returning at, id)"
                        + " insert into vault.audit_pending (at, id) select at, id from written",
                Sql.instants(rows.stream().map(Row::at).toList()),
                UuidArray.column(rows, Row::id),
                ArrayOf.column("text", rows, Row::action),
                ArrayOf.column("text", rows, Row::outcome),
                ArrayOf.column("text", rows, Row::caller),
                ArrayOf.column("bytea", rows, row -> row.subjectTag == null ? null : row.subjectTag.toArray()),
                ArrayOf.column("text", rows, Row::line));
    }

    /** The entries that fit, the oldest first, after a cursor. */
    public List<Row> page(Filter filter, @Nullable Cursor after, int limit) {
        return sql.query(
                "select * from vault.audit_entry where (?::timestamptz is null or at >= ?)"
                        + " and (?::timestamptz is null or at < ?) and (?::text is null or action = ?)"
                        + " and (?::text is null or outcome = ?) and (?::text is null or caller = ?)"
                        + " and (?::bytea is null or subject_tag = ?)"
                        + " and (?::timestamptz is null or (at, id) > (?, ?)) order by at, id limit ?",
                AuditEntries::read,
                filter.from,
                filter.from,
                filter.to,
                filter.to,
                filter.action,
                filter.action,
                filter.outcome,
                filter.outcome,
                filter.caller,
                filter.caller,
                filter.subjectTag,
                filter.subjectTag,
                after == null ? null : after.at,
                after == null ? null : after.at,
                after == null ? null : after.id,
                limit);
    }

    /**
     * As {@link #page}, inside a transaction, which is over where PostgreSQL takes longer than that.
     *
     * @throws VaultException {@code search-too-wide}
     */
    public List<Row> pageWithin(Duration longest, Filter filter, @Nullable Cursor after, int limit) {
        sql.update("set local statement_timeout = " + longest.toMillis());
        try {
            return page(filter, after, limit);
        } catch (RuntimeException e) {
            if (Failures.isCanceled(e)) {
                throw new VaultException(
                        ErrorKind.INVALID,
                        "search-too-wide",
                        "The search took longer than " + longest.toSeconds()
                                + " seconds: narrow the time with from and to",
                        null,
                        e);
            }
            throw e;
        }
    }

    /** Whether an entry waits for its block. */
    public boolean isWaiting() {
        return sql.first("select 1 from vault.audit_pending limit 1", row -> row.getInt(1))
                .isPresent();
    }

    /** When the oldest entry that waits for its block was written. */
    public Optional<Instant> oldestWaiting() {
        return sql.first("select at from vault.audit_pending order by at limit 1", row -> Sql.instant(row, "at"));
    }

    /**
     * The oldest entries that wait and are in no block, of years that have four digits like those of a month's name; at
     * least one where there is any: those before which less than some bytes of lines stand.
     */
    public List<Row> pending(int limit, long bytes) {
        return sql.query(
                // "offset 0": each entry by the index; without statistics of the nearly empty table the planner would
                // read the whole trail for each block.
                "select * from (select e.*, p.at as place, p.id as place_id, coalesce(sum(octet_length(e.line))"
                        + " over (order by p.at, p.id rows between unbounded preceding and 1 preceding), 0) as before"
                        + " from (select p.at, p.id from vault.audit_pending p where p.at >= '0001-01-01Z'"
                        + " and p.at < '10000-01-01Z' and not " + IN_A_BLOCK + " order by p.at, p.id limit ?) p"
                        + " cross join lateral (select * from vault.audit_entry of_one"
                        + " where of_one.at = p.at and of_one.id = p.id offset 0) e) w"
                        + " where before < ? order by place, place_id",
                AuditEntries::read,
                limit,
                bytes);
    }

    /** Reads all entries that wait for a block and are in none. */
    public void forEachPending(Consumer<Row> consumer) {
        sql.forEach(
                "select e.* from vault.audit_pending p join vault.audit_entry e using (at, id) where not " + IN_A_BLOCK
                        + " order by at, id",
                row -> consumer.accept(read(row)));
    }

    /** Reads what waits for a block although it is in one. */
    public void forEachSealedThatWaits(Consumer<UUID> consumer) {
        sql.forEach(
                "select p.id from vault.audit_pending p where " + IN_A_BLOCK + " order by p.at, p.id",
                row -> consumer.accept(Sql.uuid(row, "id")));
    }

    /** Reads the entries that are in no block, or in one that cannot be, and do not wait for one. */
    public void forEachStray(Consumer<Row> consumer) {
        sql.forEach(
                "select e.* from vault.audit_entry e left join vault.audit_pending p using (at, id)"
                        + " left join vault.audit_block_entry b on b.at = e.at and b.entry = e.id"
                        + " where p.id is null and (b.entry is null or b.block < 1) order by e.at, e.id",
                row -> consumer.accept(read(row)));
    }

    /** Reads what waits for a block and is not there. */
    public void forEachLost(Consumer<UUID> consumer) {
        sql.forEach(
                "select p.id from vault.audit_pending p left join vault.audit_entry e using (at, id)"
                        + " where e.id is null order by p.at, p.id",
                row -> consumer.accept(Sql.uuid(row, "id")));
    }

    static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.instant(row, "at"),
                Sql.uuid(row, "id"),
                row.getString("action"),
                row.getString("outcome"),
                row.getString("caller"),
                Sql.bytesOrNull(row, "subject_tag"),
                row.getString("line"));
    }
}
