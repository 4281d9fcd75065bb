package org.templatevault.persistence;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import javax.sql.DataSource;

/** What the start and the health check need to know about the database, asked outside any transaction. */
@ApplicationScoped
public class DatabaseFacts {
    /** The server's major version, whether it keeps what it commits, and whether the schema of this release is there. */
    public record Facts(int majorVersion, boolean fsync, boolean synchronousCommit, boolean schemaPresent) {}

    /** What the newest migration brought, by whatever tool it was carried out. */
    private static final String NEWEST = "c.relname = 'destruction' and a.attname = 'root_key_found'";

    private static final int TIMEOUT_SECONDS = 3;

    @Resource(lookup = "jdbc/vault")
    DataSource dataSource;

    /** Nothing if the database answers, else the SQLSTATE of the failure. */
    public Optional<String> connectionFailure() {
        try (Connection connection = dataSource.getConnection()) {
            return connection.isValid(TIMEOUT_SECONDS) ? Optional.empty() : Optional.of("08006");
        } catch (SQLException e) {
            return Optional.of(deepestState(e));
        }
    }

    /** Reads the facts. */
    public Facts read() {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select current_setting('server_version_num')::int / 10000, current_setting('fsync') = 'on',"
                                + " current_setting('synchronous_commit') <> 'off',"
                                + " exists (select 1 from pg_attribute a join pg_class c on c.oid = a.attrelid"
                                + " join pg_namespace n on n.oid = c.relnamespace"
                                + " where n.nspname = 'vault' and " + NEWEST
                                + " and has_schema_privilege(n.oid, 'usage'))")) {
            row.next();
            return new Facts(row.getInt(1), row.getBoolean(2), row.getBoolean(3), row.getBoolean(4));
        } catch (SQLException e) {
            throw new DatabaseUnavailableException(e);
        }
    }

    private static String deepestState(SQLException failure) {
        String state = failure.getSQLState();
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql && sql.getSQLState() != null) {
                state = sql.getSQLState();
            }
        }
        return String.valueOf(state);
    }
}
