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
import org.jspecify.annotations.Nullable;

/** What two people have decided once for every destruction of the epoch. */
@ApplicationScoped
public class StandingPolicies {
    /**
     * A standing policy; its approval says whether it is in effect.
     *
     * @param interval the most that a version is active
     * @param delay from the time that the last subject left a version to its destruction
     * @param quarantine how long a row that does not open may keep a version
     * @param rate of the epoch's rotations; null for no limit
     */
    public record Row(
            UUID approvalId,
            Duration interval,
            Duration delay,
            Duration quarantine,
            boolean withoutNewerBackup,
            @Nullable Integer rate,
            Instant expiresAt) {}

    @Inject
    Sql sql;

    /** Records a policy; never changed afterwards. */
    public void insert(Row row) {
        sql.update(
                "insert into vault.standing_policy (approval_id, interval_ms, wait_ms, quarantine_ms,"
                        + " without_newer_backup, rate, expires_at) values (?, ?, ?, ?, ?, ?, ?)",
                row.approvalId,
                row.interval.toMillis(),
                row.delay.toMillis(),
                row.quarantine.toMillis(),
                row.withoutNewerBackup,
                row.rate,
                row.expiresAt);
    }

    /** The policy of an approval. */
    public Optional<Row> find(UUID approval) {
        return sql.first("select * from vault.standing_policy where approval_id = ?", StandingPolicies::read, approval);
    }

    /** The newest policies, at most 100. */
    public List<Row> newest() {
        return sql.query(
                "select p.* from vault.standing_policy p join vault.approval a on a.id = p.approval_id"
                        + " order by a.requested_at desc limit 100",
                StandingPolicies::read);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "approval_id"),
                Duration.ofMillis(row.getLong("interval_ms")),
                Duration.ofMillis(row.getLong("wait_ms")),
                Duration.ofMillis(row.getLong("quarantine_ms")),
                row.getBoolean("without_newer_backup"),
                row.getObject("rate", Integer.class),
                Sql.instant(row, "expires_at"));
    }
}
