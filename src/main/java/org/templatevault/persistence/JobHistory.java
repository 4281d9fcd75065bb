package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What runs long in this vault, of every kind, in one list: rotations, erasures of many, erasures applied again. */
@ApplicationScoped
public class JobHistory {
    /**
     * One of them.
     *
     * @param kind {@code rotation}, {@code erasure} or {@code reapplication}
     * @param what a rotation's mode, or whether an erasure has a list or a query
     * @param total subjects; null where nobody counted before
     * @param done subjects, null for a rotation that has not ended: its figures are elsewhere
     * @param left subjects that stay: in quarantine, under a hold, or refused by the database
     */
    public record Row(
            String kind,
            UUID id,
            String state,
            String what,
            String reason,
            String requestedBy,
            Instant requestedAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable Long total,
            @Nullable Long done,
            long left) {}

    private static final String NEWEST = "select * from ("
            + "(select 'rotation' as kind, id, state, mode as what, reason, requested_by, requested_at, started_at, ended_at,"
            + " total, ended_done as done, coalesce(ended_quarantined, 0) as stay"
            + " from vault.rotation order by ended_at is not null, requested_at desc limit 100)"
            + " union all (select 'erasure', id, state, kind, reason, requested_by, requested_at, started_at, ended_at,"
            + " total, erased, held + failed from vault.bulk_erasure"
            + " order by ended_at is not null, requested_at desc limit 100)"
            + " union all (select 'reapplication', id, case when state = 'DONE' and refused > 0 then 'FAILED' else state"
            + " end, 'walk', reason, requested_by, requested_at, requested_at, ended_at, null, erased, refused"
            + " from vault.reapplication cross join (select count(*) as refused from vault.erasure_round where"
            + ErasureRounds.IS_REFUSED + ") r)) jobs"
            + " order by ended_at is not null, requested_at desc limit 100";

    @Inject
    Sql sql;

    /** Those that have not ended, then the newest, at most 100; one query. */
    public List<Row> newest() {
        return sql.query(NEWEST, JobHistory::read);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                row.getString("kind"),
                Sql.uuid(row, "id"),
                row.getString("state"),
                row.getString("what"),
                row.getString("reason"),
                row.getString("requested_by"),
                Sql.instant(row, "requested_at"),
                Sql.instantOrNull(row, "started_at"),
                Sql.instantOrNull(row, "ended_at"),
                row.getObject("total", Long.class),
                row.getObject("done", Long.class),
                row.getLong("stay"));
    }
}
