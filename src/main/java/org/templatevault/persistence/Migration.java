package org.templatevault.persistence;

import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/** Brings the schema to the version that this release needs. Runs as the schema's owner, never as the application. */
public final class Migration {
    private static final int WITHOUT_END = -1;

    private Migration() {}

    /**
     * Applies the migrations that are missing; does nothing when there are none. Two nodes that start at once are
     * serialised by the database: the second waits as long as the first takes.
     *
     * @param applicationRole the role that is granted the use of the tables, and no right to change them
     */
    public static void run(String url, String owner, String password, String applicationRole) {
        FluentConfiguration configuration = Flyway.configure(Migration.class.getClassLoader())
                .dataSource(url, owner, password)
                .schemas("vault")
                .locations("classpath:db")
                .failOnMissingLocations(true)
                .lockRetryCount(WITHOUT_END)
                .placeholders(Map.of("app_role", '"' + applicationRole + '"'));
        // With a transactional lock, CREATE INDEX CONCURRENTLY in a migration waits for itself for ever.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        configuration.load().migrate();
    }
}
