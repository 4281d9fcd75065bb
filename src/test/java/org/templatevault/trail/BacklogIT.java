package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** Entries that came faster than blocks are written. */
@Tag("nightly")
class BacklogIT {
    private static final int ENTRIES = 60_000;
    /** After so many the statements' plans are kept, and no longer made for as many entries as there are. */
    private static final int BLOCKS = 30;

    /**
     * What a vacuum in a quiet moment leaves: a table of many pages with one row. Comparing each that waits with each of a
     * block takes minutes for each block, in a transaction that keeps all vacuums from their work.
     */
    @Test
    void sealsABacklogWhateverTheStatisticsSay() throws Exception {
        try (TestHome home = TestHome.create("backlog");
                VaultServer server = VaultServer.on(home).start()) {
            Rows rows = new Rows(home);
            for (int i = 0; i < BLOCKS; i++) {
                server.as("auditor").get("/keys").send().expect(200);
                awaitSealed(rows);
            }
            assertEquals(
                    1,
                    rows.change("update pg_class set relpages = 300, reltuples = 1"
                            + " where oid = 'vault.audit_pending'::regclass"));
            assertEquals(
                    ENTRIES,
                    rows.change(
                            "with written as (insert into vault.audit_entry (at, id, action, outcome, line)"
                                    + " select now() + i * interval '1 microsecond', gen_random_uuid(), 'test', 'allowed', '{}'"
                                    + " from generate_series(1, ?) i returning at, id)"
                                    + " insert into vault.audit_pending (at, id) select at, id from written",
                            ENTRIES));
            awaitSealed(rows);
            assertEquals(
                    ENTRIES,
                    rows.number("select count(*) from vault.audit_block_entry b join vault.audit_entry e"
                            + " on e.at = b.at and e.id = b.entry where e.action = 'test'"));
            server.as("auditor").get("/keys").send().expect(200);
        }
    }

    private static void awaitSealed(Rows rows) {
        TestHome.await(
                "nothing waits for a block",
                Duration.ofSeconds(45),
                () -> rows.number("select count(*) from vault.audit_pending") == 0);
    }
}
