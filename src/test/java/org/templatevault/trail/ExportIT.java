package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;

class ExportIT {
    private static final String FIRST_READ = "select month from vault.audit_pruned order by";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static Answer export() {
        return as("auditor").get("/audit/export").send();
    }

    /** Readers that take an export slowly would otherwise have all connections between them. */
    @Test
    void isRefusedWhileTwoAreUnderWay() {
        Rows rows = new Rows(SharedVault.server().home());
        String refused = "export-" + UUID.randomUUID();
        List<Hold> holds = Stream.generate(() -> SharedVault.proxy().holdStatement(FIRST_READ))
                .limit(2)
                .toList();
        List<CompletableFuture<Answer>> exports = Stream.generate(() -> CompletableFuture.supplyAsync(ExportIT::export))
                .limit(2)
                .toList();
        try {
            holds.forEach(hold -> hold.awaitHeld(PATIENCE));
            as("auditor")
                    .get("/audit/export")
                    .header("X-Request-Id", refused)
                    .send()
                    .problem(409, "exports-running");
        } finally {
            holds.forEach(Hold::close);
        }
        exports.forEach(running ->
                assertTrue(running.join().expect(200).text().endsWith("}\n"), "an export under way comes to its end"));
        assertEquals(200, export().status());
        assertEquals(
                List.of("failed"),
                rows.texts("select outcome from vault.audit_entry where line::json ->> 'request' = ?", refused));
    }
}
