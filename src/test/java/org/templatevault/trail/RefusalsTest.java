package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.AuditEntries;

class RefusalsTest {
    private final List<AuditEntries.Row> written = new ArrayList<>();
    private final Refusals refusals = new Refusals();

    @BeforeEach
    @SuppressWarnings("UnnecessaryAssignment") // there is no container that would inject
    void writesIntoAList() {
        refusals.entries = new Entries() {
            @Override
            AuditEntries.Row row(AuditContext context, Told told) {
                String line = context.caller().address() + " " + told.status() + " "
                        + told.notes().get("count");
                return new AuditEntries.Row(
                        Instant.EPOCH, UUID.randomUUID(), context.action(), told.outcome(), null, null, line);
            }
        };
        refusals.groupCommit = new GroupCommit() {
            @Override
            void write(List<AuditEntries.Row> rows) {
                written.addAll(rows);
            }
        };
    }

    private List<String> lines() {
        refusals.flush();
        return written.stream().map(AuditEntries.Row::line).sorted().toList();
    }

    @Test
    void countsTheNeighboursInOneIpv6NetworkTogether() {
        for (int i = 0; i < 1000; i++) {
            refusals.count(null, "2001:db8::" + Integer.toHexString(i), 401);
        }
        refusals.count(null, "2001:db8:0:1::1", 401);
        refusals.count(null, "192.0.2.1", 401);
        refusals.count(null, "192.0.2.2", 401);
        List<String> lines = lines();
        assertEquals(
                List.of("192.0.2.1 401 1", "192.0.2.2 401 1", "2001:db8:0:0::/64 401 1000", "2001:db8:0:1::/64 401 1"),
                lines);
    }

    @Test
    void writesNoMoreThanSomeHundredsAMinuteAndCountsTheRestTogether() {
        for (int i = 0; i < 5000; i++) {
            refusals.count(null, "10.0." + i / 250 + "." + i % 250, 401);
        }
        List<String> lines = lines();
        assertTrue(lines.size() <= 500, () -> String.valueOf(lines.size()));
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("others 401 ")), lines::toString);
        assertEquals(
                5000,
                lines.stream()
                        .mapToInt(line -> Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1)))
                        .sum());
    }

    @Test
    void callsNoRefusalWhatNobodyWasRefused() {
        refusals.count(null, "192.0.2.1", 200);
        refusals.count(null, "192.0.2.1", 401);
        refusals.count(null, "192.0.2.1", 404);
        refusals.flush();
        assertEquals(
                List.of("public allowed", "refused denied", "refused failed"),
                written.stream()
                        .map(row -> row.action() + " " + row.outcome())
                        .sorted()
                        .toList());
    }
}
