package org.templatevault.testing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** The vault's rows as a superuser of PostgreSQL reads and changes them, behind the vault's back. */
public final class Rows {
    /** check_violation, not_null_violation. */
    private static final Set<String> CONSTRAINTS = Set.of("23514", "23502");

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Supplier<DataSource> database;

    /** The rows of this home's database. */
    public Rows(TestHome home) {
        this.database = home::superuser;
    }

    /** The rows of another database. */
    public Rows(DataSource database) {
        this.database = () -> database;
    }

    /** One number. */
    public long number(String query, Object... arguments) {
        return Long.parseLong(texts(query, arguments).get(0));
    }

    /** The name of the node that holds a lease, or was the last to hold it; waits while that is none that lives. */
    public String holder(String lease) {
        String named = "select n.name from vault.lease l join vault.node n on n.id = l.owner where l.name = ?";
        TestHome.await(
                "a node holds the lease " + lease,
                PATIENCE,
                () -> !texts(named, lease).isEmpty());
        return texts(named, lease).get(0);
    }

    /** Waits until a connection waits in PostgreSQL for a lock with a statement that has this text. */
    public void awaitBlocked(String statement) {
        TestHome.await(
                "somebody waits with " + statement,
                PATIENCE,
                () -> number(
                                "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                        + " and strpos(lower(query), lower(?)) > 0",
                                statement)
                        > 0);
    }

    /** The first column of each row, as text. */
    public List<String> texts(String query, Object... arguments) {
        try (Connection connection = database.get().getConnection();
                PreparedStatement statement = bound(connection, query, arguments);
                ResultSet rows = statement.executeQuery()) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(String.valueOf(rows.getString(1)));
            }
            return found;
        } catch (SQLException e) {
            throw new IllegalStateException(query, e);
        }
    }

    /** Changes rows, also past foreign keys; how many. */
    public int change(String sql, Object... arguments) {
        try (Connection connection = database.get().getConnection();
                var settings = connection.createStatement();
                PreparedStatement statement = bound(connection, sql, arguments)) {
            settings.execute("set session_replication_role = replica");
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** As {@link #change}, or 0 where a check of the table forbids it: what the database refuses needs no detecting. */
    public int changeIfAllowed(String sql, Object... arguments) {
        try {
            return change(sql, arguments);
        } catch (IllegalStateException e) {
            if (e.getCause() instanceof SQLException refused && CONSTRAINTS.contains(refused.getSQLState())) {
                return 0;
            }
            throw e;
        }
    }

    /** Notes rows as they are; what it gives puts them back, whatever has become of them. */
    public Runnable kept(String table, String where, Object... arguments) {
        List<String> kept = texts("select row_to_json(t)::text from vault." + table + " t where " + where, arguments);
        return () -> {
            change("delete from vault." + table + " where " + where, arguments);
            kept.forEach(row -> change(
                    "insert into vault." + table + " select * from json_populate_record(null::vault." + table
                            + ", ?::json)",
                    row));
        };
    }

    private static PreparedStatement bound(Connection connection, String sql, Object... arguments) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < arguments.length; i++) {
            statement.setObject(i + 1, arguments[i]);
        }
        return statement;
    }
}
