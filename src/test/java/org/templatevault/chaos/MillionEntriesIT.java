package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** A million entries, sealed by the vault itself, verified by a server with little heap. */
@Tag("chaos")
class MillionEntriesIT {
    private static final int ENTRIES = 1_000_000;

    @Test
    void areVerifiedInBoundedMemory() {
        TestHome home = TestHome.create("million");
        try (VaultServer server = VaultServer.on(home).heap("256m").optimized().start()) {
            Rows rows = new Rows(home);
            rows.change(
                    "with e as (insert into vault.audit_entry (at, id, action, outcome, caller, line)"
                            + " select at, id, 'GET /api/v1/keys', 'allowed', 'auditor', '{\"v\":1,\"id\":\"' || id || '\",\"at\":\"'"
                            + " || to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || 'Z\",\"node\":\"node-a\",'"
                            + " || '\"caller\":\"auditor\",\"roles\":[\"auditor\"],\"address\":\"127.0.0.1\",'"
                            + " || '\"action\":\"GET /api/v1/keys\",\"outcome\":\"allowed\",\"status\":200}'"
                            + " from (select now() - n * interval '1001 microseconds' - interval '1 second' as at,"
                            + " gen_random_uuid() as id from generate_series(1, ?) n) g"
                            + " where to_char(at, 'US') !~ '000$' returning at, id)"
                            + " insert into vault.audit_pending select at, id from e",
                    ENTRIES);
            long made = rows.number("select count(*) from vault.audit_entry where action = 'GET /api/v1/keys'");
            TestHome.await(
                    "everything is sealed",
                    Duration.ofMinutes(10),
                    () -> rows.number("select count(*) from vault.audit_pending") == 0);
            long began = System.nanoTime();
            JsonObject report = server.as("auditor")
                    .post("/audit:verify")
                    .timeout(Duration.ofMinutes(10))
                    .json("{}")
                    .send()
                    .expect(200)
                    .json();
            System.out.println("Verified " + report.getInt("entries") + " entries in "
                    + Duration.ofNanos(System.nanoTime() - began).toSeconds() + " s with 256 MiB of heap");
            assertTrue(report.getBoolean("intact"), report::toString);
            assertTrue(report.getInt("entries") >= made && made > ENTRIES * 0.99, report::toString);
            rows.change(
                    "update vault.audit_entry set caller = 'nobody' where (at, id) in"
                            + " (select at, id from vault.audit_entry where caller = 'auditor' order by at limit 1 offset 500000)");
            JsonObject found = server.as("auditor")
                    .post("/audit:verify")
                    .timeout(Duration.ofMinutes(10))
                    .json("{}")
                    .send()
                    .expect(200)
                    .json();
            assertEquals(1, found.getInt("found"), found::toString);
        } finally {
            home.close();
        }
    }
}
