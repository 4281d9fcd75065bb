package org.templatevault.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * What PostgreSQL counted about one table.
 *
 * @param bytes of the table, its indexes and what stands out of line
 * @param vacuumed when the last vacuum ended that somebody asked for, in milliseconds since 1970
 */
record TableFacts(long bytes, long updates, long hotUpdates, long live, long dead, long vacuumed) {
    private static final long PATIENCE_MILLIS = 60_000;
    /** The vault vacuums 12 s after a rotation; what ends earlier belongs to the rotation before. */
    private static final long VACUUM_AFTER_MILLIS = 11_000;

    static TableFacts of(DataSource database, String table) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection.prepareStatement(
                        "select pg_total_relation_size(relid), n_tup_upd, n_tup_hot_upd, n_live_tup, n_dead_tup,"
                                + " coalesce(extract(epoch from last_vacuum) * 1000, 0)::bigint"
                                + " from pg_stat_user_tables where relid = ?::regclass")) {
            query.setString(1, table);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return new TableFacts(
                        row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6));
            }
        }
    }

    /** The facts once the vacuum after a rotation that ended at this time has come to its end. */
    static TableFacts vacuumed(DataSource database, String table, long rotationEnded) throws Exception {
        TableFacts now = of(database, table);
        while (now.vacuumed < rotationEnded + VACUUM_AFTER_MILLIS) {
            if (System.currentTimeMillis() > rotationEnded + PATIENCE_MILLIS) {
                throw new IllegalStateException("Nobody has vacuumed " + table + " after the rotation");
            }
            Thread.sleep(250);
            now = of(database, table);
        }
        return now;
    }

    /** The share of the updates since then that needed no new index entry. */
    double hotShareSince(TableFacts before) {
        return (hotUpdates - before.hotUpdates) / (double) Math.max(1, updates - before.updates);
    }

    double growthSince(TableFacts before) {
        return bytes / (double) before.bytes - 1;
    }

    double deadShare() {
        return dead / (double) Math.max(1, live + dead);
    }
}
