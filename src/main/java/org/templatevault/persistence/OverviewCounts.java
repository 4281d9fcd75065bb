package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Counts for a page that somebody looks at often: each reads a bounded number of rows, whatever the vault holds. */
@ApplicationScoped
public class OverviewCounts {
    /** Up to here rows are counted; beyond, PostgreSQL's own estimate is told. */
    public static final int COUNTED = 10_000;

    /** A node that has said within a day that it is alive. */
    public record Node(
            String name,
            Instant startedAt,
            Instant seenAt,
            boolean alive,
            @Nullable Long clockMillis) {
        /** Whether its clock agrees with the database's, as far as it has said. */
        public boolean isInTime() {
            return clockMillis == null || Math.abs(clockMillis) <= Leases.CLOCKS_AGREE_WITHIN.toMillis();
        }
    }

    /** A number of rows; an estimate where it is not exact. */
    public record Count(long rows, boolean exact) {}

    /**
     * What waits for people or for time; counted up to {@link #COUNTED}.
     *
     * @param stalledErasures those of many that are paused or failed
     */
    public record Waiting(
            long quarantined,
            long approvals,
            @Nullable Instant oldestApproval,
            long erasures,
            @Nullable Instant oldestErasure,
            long stalledErasures) {}

    @Inject
    Sql sql;

    /** The nodes, by name. */
    public List<Node> nodes() {
        return sql.query(
                "select name, started_at, seen_at, clock_ms, seen_at > clock_timestamp() - ? * interval '1 second' as alive"
                        + " from vault.node order by name, started_at desc",
                row -> new Node(
                        row.getString("name"),
                        Sql.instant(row, "started_at"),
                        Sql.instant(row, "seen_at"),
                        row.getBoolean("alive"),
                        row.getObject("clock_ms", Long.class)),
                Nodes.SILENT_SECONDS);
    }

    /** The rows of templates, every version counted; no row is read where PostgreSQL's estimate says many. */
    public Count templates() {
        return sql.first(
                        "select estimate, case when estimate <= ? then (select count(*) from (select 1 from vault.template"
                                + " limit ?) t) end as n from (select greatest(c.reltuples::bigint,"
                                + " coalesce(s.n_live_tup, 0)) as estimate from pg_class c left join pg_stat_all_tables s"
                                + " on s.relid = c.oid where c.oid = 'vault.template'::regclass) told",
                        row -> {
                            long counted = row.getLong("n");
                            return row.wasNull() || counted > COUNTED
                                    ? new Count(Math.max(counted, row.getLong("estimate")), false)
                                    : new Count(counted, true);
                        },
                        COUNTED,
                        COUNTED + 1)
                .orElseThrow();
    }

    /** What waits. An erasure waits until it is in no log, replica or backup any more. */
    public Waiting waiting() {
        return sql.first(
                        "select (select count(*) from (select 1 from vault.quarantine limit ?) q) as quarantined,"
                                + " a.n as approvals, a.oldest as oldest_approval,"
                                + " (select count(*) from (select 1 from vault.erasure_round where cryptographic_at is null"
                                + " or physical_at is null limit ?) r) as erasures,"
                                + " (select at from vault.erasure_round where cryptographic_at is null"
                                + " or physical_at is null order by erasure_id limit 1) as oldest_erasure,"
                                + " (select count(*) from vault.bulk_erasure where state in ('PAUSED', 'FAILED')) as stalled"
                                + " from (select count(*) as n, min(requested_at) as oldest from vault.approval"
                                + " where state = 'REQUESTED' and expires_at > now()) a",
                        row -> new Waiting(
                                row.getLong("quarantined"),
                                row.getLong("approvals"),
                                Sql.instantOrNull(row, "oldest_approval"),
                                row.getLong("erasures"),
                                Sql.instantOrNull(row, "oldest_erasure"),
                                row.getLong("stalled")),
                        COUNTED,
                        COUNTED)
                .orElseThrow();
    }
}
