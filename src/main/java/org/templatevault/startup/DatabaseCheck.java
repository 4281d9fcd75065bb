package org.templatevault.startup;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.flywaydb.core.api.FlywayException;
import org.templatevault.config.InvalidSettingsException;
import org.templatevault.config.Settings;
import org.templatevault.persistence.DatabaseFacts;
import org.templatevault.persistence.DatabaseUnavailableException;
import org.templatevault.persistence.Migration;

/** Waits for the database, migrates its schema where it may, and refuses one that loses commits. */
@ApplicationScoped
public class DatabaseCheck {
    private static final System.Logger LOG = System.getLogger(DatabaseCheck.class.getName());
    private static final int OLDEST_MAJOR_VERSION = 15;
    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(1);
    private static final Set<String> WRONG_CREDENTIALS = Set.of("28P01", "28000");

    @Inject
    DatabaseFacts facts;

    void migrateAndCheck(Settings settings) {
        waitFor(settings);
        settings.databaseOwner().ifPresent(owner -> migrate(settings, owner));
        DatabaseFacts.Facts found = facts.read();
        if (found.majorVersion() < OLDEST_MAJOR_VERSION) {
            throw refusal("VAULT_DB_URL: PostgreSQL " + OLDEST_MAJOR_VERSION + " or newer is required, found "
                    + found.majorVersion());
        }
        if (!found.fsync() || !found.synchronousCommit()) {
            throw refusal("VAULT_DB_URL: fsync and synchronous_commit must be on in this database");
        }
        if (!found.schemaPresent()) {
            throw refusal("VAULT_DB_OWNER: the schema is not there or not of this release; set VAULT_DB_OWNER and"
                    + " VAULT_DB_OWNER_PASSWORD for one start, or migrate with db/*.sql");
        }
    }

    private static void migrate(Settings settings, String owner) {
        try {
            Migration.run(
                    settings.databaseUrl(),
                    owner,
                    settings.databaseOwnerPassword().orElseThrow(),
                    settings.databaseUser());
        } catch (FlywayException e) {
            LOG.log(System.Logger.Level.ERROR, "The migration failed", e);
            if (DatabaseUnavailableException.causeOf(e).isPresent()) {
                throw new DatabaseAwayException("VAULT_DB_URL: the database went away in the migration", e);
            }
            throw refusal("VAULT_DB_OWNER, VAULT_DB_OWNER_PASSWORD: the schema cannot be migrated; the log says why");
        }
    }

    private void waitFor(Settings settings) {
        Instant end = Instant.now().plusSeconds(settings.databaseWaitSeconds());
        while (true) {
            var state = facts.connectionFailure();
            if (state.isEmpty()) {
                return;
            }
            if (WRONG_CREDENTIALS.contains(state.get())) {
                throw refusal("VAULT_DB_USER, VAULT_DB_PASSWORD: the database refuses them");
            }
            if (state.get().equals("3D000")) {
                throw refusal("VAULT_DB_URL: there is no such database");
            }
            if (Instant.now().isAfter(end)) {
                throw new DatabaseAwayException(
                        "VAULT_DB_URL: the database does not answer (SQLSTATE " + state.get() + ")", null);
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN_TRIES.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refusal("VAULT_DB_URL: interrupted while waiting for the database");
        }
    }

    private static InvalidSettingsException refusal(String problem) {
        return new InvalidSettingsException(java.util.List.of(problem));
    }
}
