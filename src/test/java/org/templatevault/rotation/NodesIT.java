package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.BatchApi;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Hold;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Two nodes that share the work, and one that takes over from the other. */
@Tag("long")
class NodesIT extends TwoNodes {
    private static final String SORT = "percentile_disc";

    @Test
    void rotateUnderLoadOnBothNodes() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        var threads = Executors.newFixedThreadPool(4);
        List<Callable<Integer>> load = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            VaultServer server = i % 2 == 0 ? a : b;
            long seed = 1000L * i;
            load.add(() -> {
                int stored = 0;
                while (!stop.get()) {
                    store(server, seed + stored++);
                    Thread.sleep(50);
                    for (Stored one : acknowledged.keySet().stream().limit(3).toList()) {
                        assertArrayEquals(
                                acknowledged.get(one),
                                server.as("reader").read(one).expect(200).bytes());
                    }
                }
                return stored;
            });
        }
        List<java.util.concurrent.Future<Integer>> running =
                load.stream().map(threads::submit).toList();
        for (String mode : List.of("reencrypt", "rewrap", "reencrypt")) {
            JsonObject ended = new Custodian(other(owner()))
                    .rotate(Json.createObjectBuilder().add("mode", mode));
            assertEquals("DRAINED", ended.getString("state"), ended::toString);
        }
        stop.set(true);
        for (var one : running) {
            assertTrue(one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS) > 0);
        }
        threads.shutdown();
    }

    @Test
    void takeOverWithinThirtySecondsWhenTheOwnerIsKilled() {
        String id = running(a);
        VaultServer killed = owner();
        killed.kill();
        Instant from = Instant.now();
        VaultServer left = other(killed);
        int before = done(left, id);
        TestHome.await("the other node moves subjects", TAKE_OVER, () -> done(left, id) > before);
        System.out.println("[nodes] taken over after a kill in "
                + Duration.between(from, Instant.now()).toMillis() + " ms");
        new Custodian(left).changeRate(id, 1).expect(200);
        List<Long> executions = liveExecutionsOf(left);
        assertEquals(1, executions.size());
        killed.start();
        assertEquals(executions, liveExecutionsOf(left));
        assertEquals("REENCRYPTING", rotation(left, id).getString("state"));
        drained(left, id);
    }

    private static List<Long> liveExecutionsOf(VaultServer server) {
        String name = server == a ? "node-a/" : "node-b/";
        return new BatchApi(server)
                .live().stream()
                        .filter(execution -> execution.getString("serverId").startsWith(name))
                        .map(execution -> execution.getJsonNumber("executionId").longValue())
                        .toList();
    }

    @Test
    void startOneOfTwoRotationsThatAreAskedForAtOnce() throws Exception {
        var threads = Executors.newFixedThreadPool(2);
        List<Callable<Answer>> asks =
                List.of(() -> new Custodian(a).ask(rate(50)), () -> new Custodian(b).ask(rate(50)));
        List<Answer> answers = new ArrayList<>();
        for (var answer : threads.invokeAll(asks)) {
            answers.add(answer.get());
        }
        threads.shutdown();
        assertEquals(
                List.of(202, 409), answers.stream().map(Answer::status).sorted().toList());
        Answer accepted = answers.stream()
                .filter(answer -> answer.status() == 202)
                .findFirst()
                .orElseThrow();
        drained(a, accepted.json().getString("id"));
    }

    @Test
    void waitForALiveNodeThatCannotUnwrapTheNewVersionYet() {
        copyKeyStore();
        TestHome.await("node a has the lease, so that the new root key goes into its file", PATIENCE, () -> {
            if (owner() == b) {
                b.stop();
                b.start();
            }
            return owner() == a;
        });
        String id = new Custodian(a).start(Json.createObjectBuilder());
        TestHome.await(
                "the rotation waits for node b",
                PATIENCE,
                () -> rotation(a, id).toString().contains("\"waitingFor\":[\"node-b\"]"));
        assertEquals("STAGED", rotation(a, id).getString("state"));
        store(a, 78);
        store(b, 79);
        copyKeyStore();
        drained(a, id);
    }

    /** Whoever sorts loses the lease, and has it again while the other one sorts: he must not sort again. */
    @Test
    @Tag("nightly")
    void activateAVersionWhenEachSortOfTheIdsTakesLongerThanTheLease() {
        VaultServer first = owner();
        String id;
        try (Hold sort = proxyOf(first).holdStatement(SORT);
                Hold ofTheOther = proxyOf(other(first)).holdStatement(SORT)) {
            id = new Custodian(first).start(Json.createObjectBuilder());
            sort.awaitHeld(PATIENCE);
            ofTheOther.awaitHeld(PATIENCE);
            Hold again = proxyOf(first).holdStatement(SORT);
            sort.release();
            try {
                TestHome.await(
                        "the version is active",
                        TAKE_OVER,
                        () -> !rotation(first, id).isNull("startedAt"));
            } finally {
                again.release();
            }
        }
        drained(first, id);
    }
}
