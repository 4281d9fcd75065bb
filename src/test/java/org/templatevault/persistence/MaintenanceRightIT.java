package org.templatevault.persistence;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;

/** The right to vacuum, in a database whose migrations ran on a PostgreSQL that did not know it (before 17). */
class MaintenanceRightIT {
    private static final String TABLES = "subject_key, template, subject_reference, idempotency, idempotency_item,"
            + " quarantine, reencrypt_mark, subject_retention, subject_hold, bulk_erasure_item";

    private static List<String> allowed(Rows rows) {
        return rows.texts(
                "select t from unnest(string_to_array(?, ', ')) with ordinality as of_all (t, n)"
                        + " where has_table_privilege('vault_app', 'vault.' || t, 'MAINTAIN') order by n",
                TABLES);
    }

    @Test
    void isGivenByTheNextMigration() throws Exception {
        try (TestHome home = TestHome.create("maintenance")) {
            Rows rows = new Rows(home);
            List<String> all = List.of(TABLES.split(", "));
            assertEquals(all, allowed(rows));
            rows.change("revoke maintain on all tables in schema vault from vault_app");
            assertEquals(List.of(), allowed(rows));
            Properties passwords = new Properties();
            try (var reader = Files.newBufferedReader(home.directory().resolve("database.properties"))) {
                passwords.load(reader);
            }
            Migration.run(home.database().url(), "vault_owner", passwords.getProperty("vault_owner"), "vault_app");
            assertEquals(all, allowed(rows));
        }
    }
}
