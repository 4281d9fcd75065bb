package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** What the sealer takes in at once, and from where it goes on. */
@Tag("nightly")
class SealerIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ENTRIES = 30;

    private static TestHome home;
    private static VaultServer server;
    private static Rows rows;

    @BeforeAll
    static void start() {
        home = TestHome.create("sealer");
        rows = new Rows(home);
        server = VaultServer.on(home).start();
        server.as("auditor").get("/keys").send().expect(200);
        awaitSealed();
    }

    @AfterAll
    static void stop() {
        server.close();
        home.close();
    }

    private static void awaitSealed() {
        TestHome.await(
                "nothing waits for a block", SOON, () -> rows.number("select count(*) from vault.audit_pending") == 0);
    }

    /** One entry alone is longer than what a block takes otherwise. */
    @Test
    void takesNoMoreThanSomeMegabytesIntoABlock() {
        rows.change(
                "with written as (insert into vault.audit_entry (at, id, action, outcome, line)"
                        + " select now() + i * interval '1 microsecond', gen_random_uuid(), 'long', 'allowed',"
                        + " '{\"v\":\"' || repeat('x', case when i = 1 then 10000000 else 1000000 end) || '\"}'"
                        + " from generate_series(1, ?) i returning at, id)"
                        + " insert into vault.audit_pending (at, id) select at, id from written",
                ENTRIES);
        awaitSealed();
        String blocks = " from (select sum(octet_length(e.line)) as bytes, count(*) as entries"
                + " from vault.audit_block_entry b join vault.audit_entry e on e.at = b.at and e.id = b.entry"
                + " where e.action = 'long' group by b.block) as of_long";
        assertEquals(ENTRIES, rows.number("select sum(entries)" + blocks));
        long most = rows.number("select max(bytes)" + blocks);
        assertTrue(most <= 10_000_100, () -> most + " bytes in a block");
        assertTrue(rows.number("select count(*)" + blocks) >= 5, "the long one alone, the others in four blocks");
    }

    @Test
    void doesNotBeginTheTrailAnewWhileBlocksAreThere() {
        server.stop();
        String state = rows.texts("select row_to_json(s)::text from vault.audit_state s")
                .get(0);
        rows.change("delete from vault.audit_state");
        try {
            assertEquals(78, server.launch().awaitExit(SOON), server::console);
            assertTrue(
                    server.console().contains("Template Vault refuses to start: The audit trail has blocks"),
                    server::console);
        } finally {
            server.close();
            rows.change("delete from vault.audit_state");
            rows.change(
                    "insert into vault.audit_state select * from json_populate_record(null::vault.audit_state, ?::json)",
                    state);
            server.start();
        }
    }
}
