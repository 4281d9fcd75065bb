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
 */
record TableFacts(long bytes, long updates, long hotUpdates, long live, long dead, long vacuums) {
    private static final long PATIENCE_MILLIS = 20_000;

    static TableFacts of(DataSource database, String table) throws SQLException {
        try (Connection connection = database.getConnection();
                PreparedStatement query = connection.prepareStatement(
                        "select pg_total_relation_size(relid), n_tup_upd, n_tup_hot_upd, n_live_tup, n_dead_tup,"
                                + " vacuum_count from pg_stat_user_tables where relid = ?::regclass")) {
            query.setString(1, table);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return new TableFacts(
                        row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6));
            }
        }
    }

    /** The facts once so many updates were reported, which PostgreSQL does with a delay, and so many vacuums were run. */
    static TableFacts after(DataSource database, String table, TableFacts before, long updates, int vacuums)
            throws Exception {
        long end = System.currentTimeMillis() + PATIENCE_MILLIS;
        TableFacts now = of(database, table);
        while ((now.updates - before.updates < updates || now.vacuums - before.vacuums < vacuums)
                && System.currentTimeMillis() < end) {
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
