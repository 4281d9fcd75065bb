package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;

/** Frees the room of what a rotation has rewritten, and tells the planner what the tables hold now. */
@ApplicationScoped
public class Vacuum {
    private static final List<String> TABLES = List.of("vault.subject_key", "vault.template");

    @Inject
    Sql sql;

    /** Whether the application's role may: the right to maintain a table came with PostgreSQL 17. */
    public boolean isAllowed() {
        return TABLES.stream()
                .allMatch(table -> sql.first(
                                "select case when current_setting('server_version_num')::integer >= 170000"
                                        + " then has_table_privilege(?, 'MAINTAIN') else false end as allowed",
                                row -> row.getBoolean("allowed"),
                                table)
                        .orElseThrow());
    }

    /**
     * Vacuums both tables, one after the other; must be called outside any transaction. Readers and writers are not held
     * up: it pauses like an autovacuum, and the files are not shortened, which would need a lock that they wait for.
     */
    public void run() {
        TABLES.forEach(table -> sql.vacuumGently("vacuum (analyze, truncate false) " + table));
    }
}
