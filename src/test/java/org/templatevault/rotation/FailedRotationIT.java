package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A rotation whose writes the database refuses, by a trigger that somebody has given the table. */
class FailedRotationIT {
    private static final int SUBJECTS = 40;
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String GIVEN_UP = " failed without progress; resume it when mended";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();

    @BeforeEach
    void enrol() {
        for (int i = 0; i < SUBJECTS; i++) {
            store(UUID.randomUUID());
        }
    }

    private void store(UUID subject) {
        byte[] bytes = TemplateDocument.noise(200, acknowledged.size());
        acknowledged.put(server.as("enroller").store(subject, OPEN, bytes), bytes);
    }

    @AfterEach
    void leaveNothingOpenForOtherTests() {
        takeTheObstacleAway();
        rows.texts("select id from vault.rotation where ended_at is null").forEach(id -> custodian.steer(id, "cancel"));
    }

    private void takeTheObstacleAway() {
        rows.change("drop trigger if exists obstacle on vault.subject_key");
        rows.change("drop function if exists vault.refuse");
    }

    private void putAnObstacle() {
        rows.change("create function vault.refuse() returns trigger language plpgsql"
                + " as 'begin raise exception ''refused''; end'");
        rows.change("create trigger obstacle before update on vault.subject_key for each row"
                + " when (new.kek_version <> old.kek_version) execute function vault.refuse()");
    }

    private void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
    }

    /** A rotation that has moved some subjects and then met the obstacle, until the vault has given it up. */
    private JsonObject failed() {
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 10));
        TestHome.await("some are moved", PATIENCE, () -> custodian.get(rotation).getInt("done") > 0);
        putAnObstacle();
        custodian.changeRate(rotation, null).expect(200);
        JsonObject failed = custodian.await(rotation, "FAILED");
        assertTrue(failed.getInt("done") > 0 && failed.getInt("remaining") > 0, failed::toString);
        assertTrue(failed.isNull("endedAt"), failed::toString);
        assertEquals(
                "[\"the repair of what its job failed at, which the log of " + rows.holder("rotation")
                        + " says, and a resume\"]",
                String.valueOf(failed.get("waitingFor")));
        assertTrue(server.console().contains("Rotation " + rotation + GIVEN_UP), server::console);
        return failed;
    }

    /** How often its job was started. */
    private long jobs(String rotation) {
        try (Stream<String> lines = Files.lines(server.logs().resolve("messages.log"))) {
            return lines.filter(line -> line.contains("rotation " + rotation + " runs in job execution"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void goesOnWhereItStoodWhenItIsResumed() {
        JsonObject failed = failed();
        String rotation = failed.getString("id");
        everyTemplateOpens();
        store(acknowledged.keySet().iterator().next().subject());
        store(UUID.randomUUID());
        custodian.ask(Json.createObjectBuilder()).problem(409, "rotation-in-progress");
        custodian.steer(rotation, "pause").problem(409, "rotation-state");

        takeTheObstacleAway();
        assertEquals(
                "REENCRYPTING",
                custodian.steer(rotation, "resume").expect(200).json().getString("state"));
        assertFalse(custodian.get(rotation).containsKey("waitingFor"));
        JsonObject ended = custodian.end(rotation);
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertEquals(failed.getInt("total"), ended.getInt("done"));
        everyTemplateOpens();
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** The server gives up writing a job's end where the database cannot be written then: nobody takes it for running. */
    @Test
    @Tag("nightly")
    void goesOnAfterItsJobEndedWhileTheDatabaseCouldOnlyBeRead() {
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 10));
        TestHome.await("some are moved", PATIENCE, () -> custodian.get(rotation).getInt("done") > 0);
        String ends = "select count(*) from vault.rotation where id::text = ? and state = 'REENCRYPTING'";
        onlyRead(true);
        try {
            TestHome.pause(Duration.ofSeconds(8));
            assertEquals(1, rows.number(ends, rotation), "nothing was moved to its end");
        } finally {
            onlyRead(false);
        }
        JsonObject ended = custodian.end(rotation);
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertTrue(jobs(rotation) > 1, "its first job was not its last");
        everyTemplateOpens();
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private void onlyRead(boolean only) {
        rows.change("alter role vault_app "
                + (only ? "set default_transaction_read_only = on" : "reset default_transaction_read_only"));
        SharedVault.mortal().proxy().dropAll();
    }

    @Test
    @Tag("nightly")
    void isTriedTenTimesHoweverOftenTheOneBeforeHasFailed() {
        putAnObstacle();
        String first = custodian.start();
        TestHome.await("it has failed some times", PATIENCE, () -> jobs(first) >= 4);
        assertEquals("REENCRYPTING", custodian.get(first).getString("state"));
        custodian.steer(first, "cancel").expect(200);
        String second = custodian.start();
        custodian.await(second, "FAILED");
        assertEquals(10, jobs(second));
        takeTheObstacleAway();
        custodian.steer(second, "resume").expect(200);
        assertEquals("DRAINED", custodian.end(second).getString("state"));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    @Test
    @Tag("nightly")
    void staysFailedOverAKillAndLeavesTheRestToTheNextWhenItIsCancelled() {
        JsonObject failed = failed();
        server.kill();
        server.start();
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals("FAILED", custodian.get(failed.getString("id")).getString("state"), "nobody has resumed it");
        JsonObject cancelled =
                custodian.steer(failed.getString("id"), "cancel").expect(200).json();
        assertEquals("CANCELLED", cancelled.getString("state"));
        assertEquals(failed.getInt("remaining"), cancelled.getInt("remaining"));
        custodian.steer(failed.getString("id"), "resume").problem(409, "rotation-state");
        takeTheObstacleAway();
        JsonObject next = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", next.getString("state"), next::toString);
        assertEquals(next.getInt("total"), next.getInt("done"));
        everyTemplateOpens();
        assertEquals(List.of(), Invariants.broken(rows));
    }
}
