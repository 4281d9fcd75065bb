package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * A connection is lost at each statement that the server sends for a rotation's job, one after the other: wherever that is,
 * the rotation ends by itself.
 */
@Tag("chaos")
class LostConnectionIT {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(75);
    private static final int SUBJECTS = 20;

    /** What is sent more often than this is sent at all times of a job, and not only at its turning points. */
    private static final int MOST_TIMES = 3;

    private static final TestHome HOME = TestHome.create("connections");
    private static final DatabaseProxy PROXY =
            DatabaseProxy.before(HOME.database().port());
    private static final VaultServer SERVER = VaultServer.on(HOME)
            .through(PROXY)
            .variable("VAULT_ROTATION_PARTITIONS", "2")
            .start();

    private final Custodian custodian = new Custodian(SERVER);

    @AfterAll
    static void end() {
        SERVER.kill();
        HOME.close();
    }

    private static JsonObjectBuilder rewrap() {
        return Json.createObjectBuilder().add("mode", "rewrap");
    }

    private static Map<Stored, byte[]> enrol() {
        Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
        for (int i = 0; i < SUBJECTS; i++) {
            byte[] bytes = TemplateDocument.noise(200, i);
            acknowledged.put(
                    SERVER.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", bytes), bytes);
        }
        return acknowledged;
    }

    /** The statements of a rotation's job, and how often each is sent. */
    private Map<String, Integer> statements() {
        Map<String, Integer> times = new LinkedHashMap<>();
        PROXY.during(() -> custodian.rotate(rewrap())).stream()
                .flatMap(trip -> trip.statements().stream())
                .filter(statement -> statement.contains("batch.JB_"))
                .forEach(statement -> times.merge(statement, 1, Integer::sum));
        return times;
    }

    /** Cuts the connection when the statement is sent for this time, if it is. */
    private static void cutAt(String statement, int time) {
        for (int i = 1; i <= time; i++) {
            try (Hold hold = PROXY.holdStatement(statement)) {
                hold.awaitHeld(SOON);
                if (i == time) {
                    hold.drop();
                }
            } catch (AssertionError notSoOften) {
                return;
            }
        }
    }

    /** How it stands where it did not end; then it is helped. */
    private Optional<String> stuckAfter(String statement, int time) {
        String rotation = custodian.start(rewrap());
        cutAt(statement, time);
        try {
            TestHome.await(
                    "it ends",
                    PATIENCE,
                    () -> custodian.get(rotation).getString("state").equals("DRAINED"));
            return Optional.empty();
        } catch (AssertionError e) {
            String how = time + ". " + statement + ": " + custodian.get(rotation);
            SERVER.kill();
            SERVER.start();
            custodian.end(rotation);
            return Optional.of(how);
        }
    }

    @Test
    void endsARotationWhereverAConnectionIsLost() {
        Map<Stored, byte[]> acknowledged = enrol();
        custodian.rotate(rewrap());
        List<String> stuck = new ArrayList<>();
        statements().forEach((statement, sent) -> {
            for (int time = 1; time <= Math.min(sent, MOST_TIMES); time++) {
                stuckAfter(statement, time).ifPresent(stuck::add);
            }
        });
        assertEquals(List.of(), stuck);
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, SERVER.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(new Rows(HOME)));
    }
}
