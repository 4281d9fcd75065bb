package org.templatevault.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** Erasures of many subjects: the counts, the receipts, pauses, kills, and a single erasure at the same moment. */
@Tag("long")
class BulkErasureIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** First statement of a chunk, when its page is read and nothing of it is taken. */
    private static final String CHUNK = "update vault.bulk_erasure set state = state";

    private static final String TAKES_ROWS = "u(id, bytes) order by id) a";

    private static final String MOVE = "update vault.bulk_erasure set state = $1";

    private final SharedVault.Mortal mortal = SharedVault.mortal();
    private final VaultServer server = mortal.server();
    private final DatabaseProxy proxy = mortal.proxy();
    private final Eraser eraser = new Eraser(server);
    private final Rows rows = new Rows(mortal.home());

    private VaultClient as(String role) {
        return server.as(role);
    }

    @AfterEach
    void keepTheInvariants() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    // What it does

    @Test
    void erasesAListWithAReceiptForEachAndCountsWhoIsHeldOrAbsent() {
        List<UUID> subjects = eraser.enrol(5);
        eraser.hold(subjects.get(0)).expect(200);
        as("eraser")
                .delete("/subjects/" + subjects.get(1))
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(202);
        List<UUID> asked = new ArrayList<>(subjects);
        asked.add(UUID.randomUUID());
        asked.add(subjects.get(4));
        JsonObject dry = as("eraser")
                .post("/erasures")
                .json(Json.createObjectBuilder(Eraser.list(asked))
                        .add("dryRun", true)
                        .build())
                .send()
                .expect(200)
                .json();
        assertEquals("{\"total\":6,\"held\":1,\"absent\":2,\"dryRun\":true}", dry.toString());
        Answer answer = eraser.ask(Eraser.list(asked)).expect(202);
        String id = answer.json().getString("id");
        assertTrue(answer.header("Location").endsWith("/api/v1/erasures/bulk/" + id), answer::headers);
        JsonObject done = eraser.await(id, "DONE");
        assertEquals(3, done.getInt("erased"), done::toString);
        assertEquals(1, done.getInt("held"), done::toString);
        assertEquals(2, done.getInt("absent"), done::toString);
        assertEquals(1, eraser.present(subjects));
        assertEquals(3, eraser.receipts(id).size());
        JsonObject receipt = as("auditor")
                .get("/erasures/" + eraser.receipts(id).get(0))
                .send()
                .expect(200)
                .json();
        assertEquals("consent-withdrawn", receipt.getString("reason"));
        assertEquals("eraser", receipt.getString("requestedBy"));
        as("reader").get("/subjects/" + subjects.get(4)).send().problem(410, "subject-erased");
        JsonObject left = as("auditor")
                .get("/erasures/bulk/" + id + "/left")
                .send()
                .expect(200)
                .json();
        assertEquals(
                subjects.get(0).toString(),
                left.getJsonArray("left").getJsonObject(0).getString("subject"));
        assertFalse(rows.texts("select row_to_json(b)::text from vault.bulk_erasure b")
                .toString()
                .contains(subjects.get(4).toString()));
        eraser.lift(subjects.get(0));
    }

    @Test
    void erasesWhomAQueryFindsAndNoMoreThanWasCounted() {
        List<UUID> voices = eraser.enrol(4, "VOICE");
        List<UUID> others = eraser.enrol(2);
        rows.change(
                "update vault.subject_retention set enrolled_on = '2001-05-05' where subject_id = ?", voices.get(0));
        String old = "{\"modality\":\"VOICE\",\"olderThan\":\"P10Y\"}";
        JsonObject dry = eraser.ask("{\"dryRun\":true,\"query\":" + old + "}")
                .expect(200)
                .json();
        assertEquals(1, dry.getInt("total"));
        eraser.ask("{\"query\":" + old + "}").problem(422, "invalid-field");
        eraser.ask("{\"query\":" + old + ",\"atMost\":0}").problem(409, "too-many-subjects");
        assertEquals(4, eraser.present(voices));
        JsonObject one =
                eraser.ask("{\"query\":" + old + ",\"atMost\":1}").expect(202).json();
        assertEquals(1, eraser.await(one.getString("id"), "DONE").getInt("erased"));
        JsonObject rest = eraser.ask("{\"query\":{\"modality\":\"VOICE\"},\"atMost\":1000}")
                .expect(202)
                .json();
        assertEquals(3, eraser.await(rest.getString("id"), "DONE").getInt("erased"));
        assertEquals(0, eraser.present(voices));
        assertEquals(2, eraser.present(others));
    }

    @Test
    void erasesOnceHoweverOftenItIsAsked() {
        JsonObject body = Eraser.list(eraser.enrol(2));
        String key = UUID.randomUUID().toString();
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ids.add(as("eraser")
                    .post("/erasures")
                    .header("X-Reason", "consent-withdrawn")
                    .header("Idempotency-Key", key)
                    .json(body)
                    .send()
                    .expect(202)
                    .json()
                    .getString("id"));
        }
        assertEquals(ids.get(0), ids.get(1));
        eraser.await(ids.get(0), "DONE");
        JsonObject again = eraser.await(eraser.ask(body).expect(202).json().getString("id"), "DONE");
        assertEquals(2, again.getInt("absent"));
        assertEquals(0, again.getInt("erased"));
    }

    @Test
    void refusesARequestThatIsWrong() {
        String one = "\"" + UUID.randomUUID() + "\"";
        for (String wrong : List.of(
                "{}",
                "{\"subjects\":[]}",
                "{\"subjects\":[\"c4n4ry\"]}",
                "{\"subjects\":[1]}",
                "{\"subjects\":" + one + "}",
                "{\"subjects\":[" + (one + ",").repeat(1000) + one + "]}",
                "{\"subjects\":[" + one + "],\"query\":{\"retentionDue\":true},\"atMost\":1}",
                "{\"subjects\":[" + one + "],\"atMost\":1}",
                "{\"query\":{},\"atMost\":1}",
                "{\"query\":{\"retentionDue\":false},\"atMost\":1}",
                "{\"query\":{\"modality\":\"TAIL\"},\"atMost\":1}",
                "{\"query\":{\"olderThan\":\"P-1Y\"},\"atMost\":1}",
                "{\"query\":{\"olderThan\":\"PT1H\"},\"atMost\":1}",
                "{\"query\":{\"olderThan\":\"P300000Y\"},\"atMost\":1}",
                "{\"query\":{\"olderThan\":\"P2000000000D\"},\"atMost\":1}",
                "{\"query\":{\"retentionDue\":true},\"atMost\":-1}",
                "{\"query\":{\"retentionDue\":true},\"atMost\":1000001}",
                "{\"query\":{\"name\":\"x\"},\"atMost\":1}",
                "{\"query\":true,\"atMost\":1}",
                "{\"dryRun\":1,\"subjects\":[" + one + "]}")) {
            Answer refused = eraser.ask(wrong);
            refused.problem(422, "invalid-field");
            assertFalse(refused.text().contains("c4n4ry"));
        }
        as("eraser")
                .post("/erasures")
                .json("{\"subjects\":[" + one + "]}")
                .send()
                .problem(400, "reason-missing");
        as("auditor").get("/erasures/bulk/" + UUID.randomUUID()).send().problem(404, "bulk-erasure-not-found");
        eraser.steer(UUID.randomUUID().toString(), "pause").problem(404, "bulk-erasure-not-found");
    }

    @Test
    void stopsAtTheEndOfAChunkAndGoesOn() {
        List<UUID> subjects = eraser.enrol(250);
        String id;
        try (var chunk = proxy.holdStatementAfter(CHUNK, TAKES_ROWS)) {
            id = eraser.ask(Eraser.list(subjects)).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            CompletableFuture<Answer> pause = CompletableFuture.supplyAsync(() -> eraser.steer(id, "pause"));
            rows.awaitBlocked(MOVE);
            // A next chunk would race with the pause for the row; where the pause is first, none comes.
            try (var next = proxy.holdStatement(CHUNK)) {
                chunk.release();
                pause.join().expect(200);
                next.release();
            }
        }
        JsonObject paused = eraser.await(id, "PAUSED");
        assertEquals(100, paused.getInt("erased"), paused::toString);
        TestHome.pause(Duration.ofSeconds(2));
        assertEquals(150, eraser.get(id).getInt("remaining"));
        eraser.steer(id, "pause").problem(409, "bulk-erasure-state");
        eraser.steer(id, "resume").expect(200);
        assertEquals(250, eraser.await(id, "DONE").getInt("erased"));
        eraser.steer(id, "resume").problem(409, "bulk-erasure-state");
    }

    @Test
    void forgetsWhomItHasNotReachedWhenItIsGivenUp() {
        List<UUID> spared = eraser.enrol(3);
        String id;
        try (var chunk = proxy.holdStatement(CHUNK)) {
            id = eraser.ask(Eraser.list(spared)).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            as("eraser").post("/erasures/bulk/" + id + ":cancel").send().expect(200);
        }
        TestHome.pause(Duration.ofSeconds(2));
        JsonObject cancelled = eraser.get(id);
        assertEquals("CANCELLED", cancelled.getString("state"));
        assertEquals(3, cancelled.getInt("remaining"), cancelled::toString);
        assertEquals(3, eraser.present(spared));
        assertEquals(
                0, rows.number("select count(*) from vault.bulk_erasure_item where bulk_id = ?", UUID.fromString(id)));
        eraser.steer(id, "resume").problem(409, "bulk-erasure-state");
    }

    @Test
    @Tag("nightly")
    void goesOnAfterKillsAtRandomPointsAndErasesEachOnce() {
        List<UUID> subjects = eraser.enrol(600);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> points = List.of(
                CHUNK,
                TAKES_ROWS,
                "delete from vault.subject_key",
                "insert into vault.erasure ",
                "delete from vault.bulk_erasure_item",
                "with receipts as");
        String id = "";
        for (int kill = 0; kill < 2; kill++) {
            String point = points.get(random.nextInt(points.size()));
            boolean ran = random.nextBoolean();
            try (var held = ran ? proxy.holdAnswerAfter(CHUNK, point) : proxy.holdStatement(point)) {
                id = id.isEmpty()
                        ? eraser.ask(Eraser.list(subjects)).expect(202).json().getString("id")
                        : id;
                held.awaitHeld(PATIENCE);
                server.kill();
            }
            server.start();
        }
        JsonObject done = eraser.await(id, "DONE");
        assertEquals(600, done.getInt("erased"), () -> "seed " + seed + " " + done);
        assertEquals(0, eraser.present(subjects), () -> "seed " + seed);
        assertEquals(600, eraser.receipts(id).stream().distinct().count());
    }

    @Test
    void leavesASubjectThatTheDatabaseDoesNotEraseAndGoesOn() {
        List<UUID> subjects = eraser.enrol(40);
        UUID stuck = subjects.get(17);
        rows.change("create function vault.refuse() returns trigger language plpgsql as"
                + " $$ begin raise exception 'stuck'; end $$");
        rows.change("create trigger stuck before delete on vault.template for each row" + " when (old.subject_id = '"
                + stuck + "') execute function vault.refuse()");
        rows.change("alter table vault.template enable always trigger stuck");
        try {
            String id = eraser.ask(Eraser.list(subjects)).expect(202).json().getString("id");
            JsonObject done = eraser.await(id, "DONE");
            assertEquals(39, done.getInt("erased"), done::toString);
            assertEquals(1, done.getInt("failed"), done::toString);
            JsonObject left = as("eraser")
                    .get("/erasures/bulk/" + id + "/left")
                    .send()
                    .expect(200)
                    .json();
            assertEquals("{\"left\":[{\"subject\":\"" + stuck + "\",\"outcome\":\"FAILED\"}]}", left.toString());
        } finally {
            rows.change("drop trigger stuck on vault.template");
            rows.change("drop function vault.refuse()");
        }
        as("reader").get("/subjects/" + stuck).send().expect(200);
        String again =
                eraser.ask(Eraser.list(List.of(stuck))).expect(202).json().getString("id");
        assertEquals(1, eraser.await(again, "DONE").getInt("erased"));
    }

    // At the same moment

    @Test
    void erasesASubjectOnceThatSomebodyErasesAtTheSameMoment() {
        List<UUID> subjects = eraser.enrol(3);
        String id;
        try (var chunk = proxy.holdStatement(CHUNK)) {
            id = eraser.ask(Eraser.list(subjects)).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            erase(subjects.get(0)).expect(202);
        }
        JsonObject done = eraser.await(id, "DONE");
        assertEquals(2, done.getInt("erased"), done::toString);
        assertEquals(1, done.getInt("absent"), done::toString);

        List<UUID> others = eraser.enrol(3);
        CompletableFuture<Answer> single;
        String second;
        try (var chunk = proxy.holdStatementAfter(CHUNK, "insert into vault.erasure ")) {
            second = eraser.ask(Eraser.list(others)).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            single = CompletableFuture.supplyAsync(() -> erase(others.get(1)));
            rows.awaitBlocked("delete from vault.subject_key");
        }
        single.join().problem(410, "subject-erased");
        assertEquals(3, eraser.await(second, "DONE").getInt("erased"));
    }

    private Answer erase(UUID subject) {
        return as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send();
    }

    /** The server's batch API takes any parameters from an operator. */
    @Test
    void refusesAJobForARowThatIsDone() {
        List<UUID> subjects = eraser.enrol(1);
        String id = eraser.ask(Eraser.list(subjects)).expect(202).json().getString("id");
        eraser.await(id, "DONE");
        for (String row : List.of(id, UUID.randomUUID().toString(), "c4n4ry")) {
            JsonObject submitted = as("operator")
                    .callOutside("POST", "/ibm/api/batch/jobinstances")
                    .json(
                            "{\"applicationName\":\"vault\",\"jobXMLName\":\"bulk-erasure\",\"jobParameters\":{\"bulk-erasure\":\""
                                    + row + "\"}}")
                    .send()
                    .expect(201)
                    .json();
            TestHome.await(
                    "the job fails",
                    PATIENCE,
                    () -> as("operator")
                            .callOutside("GET", "/ibm/api/batch/jobinstances/" + submitted.getInt("instanceId"))
                            .send()
                            .expect(200)
                            .json()
                            .getString("batchStatus")
                            .equals("FAILED"));
        }
        assertEquals(1, eraser.get(id).getInt("erased"));
    }
}
