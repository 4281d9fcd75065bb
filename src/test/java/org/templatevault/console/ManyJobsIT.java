package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** What stands still stays in sight, however many jobs have ended since. */
class ManyJobsIT {
    private static final String JOB = "insert into vault.bulk_erasure (id, state, kind, reason, requested_by,"
            + " requested_at, started_at, ended_at, total, held, absent)";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final UUID stalled = UUID.randomUUID();
    private String rotation = "";

    @BeforeEach
    void pauseARotationAndAnErasureAndEndAHundredOthers() {
        new Eraser(server).enrol(200);
        rotation = custodian.start(Json.createObjectBuilder().add("rate", 10));
        custodian.await(rotation, "REENCRYPTING");
        custodian.steer(rotation, "pause").expect(200);
        custodian.await(rotation, "PAUSED");
        rows.change(
                JOB
                        + " values (?, 'PAUSED', 'list', 'retention', 'many', now() - interval '1 day', now(), null, 1, 0, 0)",
                stalled);
        rows.change(JOB + " select gen_random_uuid(), 'DONE', 'list', 'retention', 'many', now(), now(), now(), 0, 0, 0"
                + " from generate_series(1, 100)");
        TestHome.pause(Duration.ofSeconds(Overview.KEPT_SECONDS + 1));
    }

    @AfterEach
    void cleanUp() {
        rows.change("delete from vault.bulk_erasure where requested_by = 'many'");
        custodian.steer(rotation, "cancel").expect(200);
        custodian.end(rotation);
    }

    private JsonObject get(String path) {
        return server.as("operator").get(path).send().expect(200).json();
    }

    private static List<String> of(JsonObject json, String array, String field) {
        return json.getJsonArray(array).getValuesAs(JsonObject.class).stream()
                .map(one -> one.getString(field))
                .toList();
    }

    @Test
    void tellsOfARotationAndAnErasureThatStandStill() {
        JsonObject seen = get("/overview");
        List<String> attention = of(seen, "attention", "code");
        assertTrue(attention.containsAll(List.of("rotation-paused", "erasure-stalled")), attention::toString);
        List<String> open = List.of(rotation, stalled.toString());
        assertTrue(of(seen, "jobsRunning", "id").containsAll(open), seen::toString);
        List<JsonObject> jobs = get("/jobs").getJsonArray("jobs").getValuesAs(JsonObject.class);
        assertEquals(100, jobs.size());
        List<JsonObject> first =
                jobs.stream().takeWhile(job -> !job.containsKey("endedAt")).toList();
        List<String> ids = first.stream().map(job -> job.getString("id")).toList();
        assertTrue(ids.containsAll(open), jobs::toString);
        assertTrue(first.get(ids.indexOf(rotation)).containsKey("done"), first::toString);
        assertTrue(jobs.stream().skip(first.size()).allMatch(job -> job.containsKey("endedAt")), jobs::toString);
    }
}
