package org.templatevault.persistence;

import java.util.Map;
import org.flywaydb.core.Flyway;

/** Brings the schema to the version that this release needs. Runs as the schema's owner, never as the application. */
public final class Migration {
    private Migration() {}

    /**
     * Applies the migrations that are missing; does nothing when there are none. Two nodes that start at once are
     * serialised by the database.
     *
     * @param applicationRole the role that is granted the use of the tables, and no right to change them
     * @return the schema's version afterwards
     */
    public static String run(String url, String owner, String password, String applicationRole) {
        return Flyway.configure(Migration.class.getClassLoader())
                        .dataSource(url, owner, password)
                        .schemas("vault")
                        .locations("classpath:db")
                        .placeholders(Map.of("app_role", '"' + applicationRole + '"'))
                        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
                        .load()
                        .migrate()
                        .targetSchemaVersion
                + "";
    }
}
