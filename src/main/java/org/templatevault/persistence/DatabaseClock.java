package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;

/** The database's clock: of several nodes each has its own. */
@ApplicationScoped
public class DatabaseClock {
    @Inject
    Sql sql;

    /** What time it is, not when the transaction began. */
    public Instant now() {
        return sql.first("select clock_timestamp() as at", row -> Sql.instant(row, "at"))
                .orElseThrow();
    }
}
