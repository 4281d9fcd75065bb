package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;

/** The replicas of the database, as the primary sees them. */
@ApplicationScoped
public class Replicas {
    @Inject
    Sql sql;

    /** The largest lag of a connected replica, in seconds. Needs the role {@code pg_monitor}; 0 without it. */
    public long lagSeconds() {
        return sql.first(
                        "select coalesce(max(extract(epoch from replay_lag)), 0)::bigint as lag from pg_stat_replication",
                        row -> row.getLong("lag"))
                .orElse(0L);
    }
}
