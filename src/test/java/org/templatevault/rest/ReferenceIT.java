package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;

class ReferenceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final String reference = "Müller-c4n4ry-" + UUID.randomUUID();

    private static String body(String reference) {
        return Json.createObjectBuilder().add("reference", reference).build().toString();
    }

    private static Answer create(String reference) {
        return as("enroller").post("/subjects").json(body(reference)).send();
    }

    private static Answer search(String reference) {
        return as("reader").post("/subjects:search").json(body(reference)).send();
    }

    @Test
    void findsTheSubjectByTheCallersReference() {
        String id = create(reference).expect(201).json().getString("id");
        assertEquals(id, search(reference).expect(200).json().getString("id"));
    }

    @Test
    void answersWithTheSameSubjectWhenTheReferenceComesAgain() {
        String id = create(reference).expect(201).json().getString("id");
        assertEquals(id, create(reference).expect(200).json().getString("id"));
    }

    @Test
    void makesOneSubjectOfManyRequestsAtOnce() throws Exception {
        List<Callable<String>> requests = Stream.<Callable<String>>generate(
                        () -> () -> create(reference).json().getString("id"))
                .limit(16)
                .toList();
        var threads = Executors.newFixedThreadPool(16);
        Set<String> ids = new HashSet<>();
        for (var answer : threads.invokeAll(requests)) {
            ids.add(answer.get());
        }
        threads.shutdown();
        assertEquals(1, ids.size(), ids::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "A", "a b", "名前", "x'; drop table vault.template; --", "{\"reference\":1}"})
    void takesAnyText(String text) {
        String id = create(text + reference).expect(201).json().getString("id");
        assertEquals(id, search(text + reference).expect(200).json().getString("id"));
        search(text + reference + " ").problem(404, "subject-not-found");
    }

    @Test
    void findsNothingUnderAnUnknownOrErasedReferenceAndDoesNotRepeatIt() {
        Answer absent = search(reference);
        absent.problem(404, "subject-not-found");
        assertFalse(absent.text().contains("c4n4ry"));
        String id = create(reference).expect(201).json().getString("id");
        as("eraser")
                .delete("/subjects/" + id)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(202);
        search(reference).problem(404, "subject-not-found");
        String fresh = create(reference).expect(201).json().getString("id");
        assertFalse(fresh.equals(id));
    }

    @Test
    void refusesAReferenceOfTheWrongLength() {
        create("").problem(422, "invalid-field");
        create("é".repeat(256)).expect(201);
        create("é".repeat(256) + "a").problem(422, "invalid-field");
        search("").problem(422, "invalid-field");
    }

    @Test
    void refusesABodyThatIsNotAReference() {
        for (String path : new String[] {"/subjects", "/subjects:search"}) {
            as("enroller").post(path).json("{").send().problem(400, "malformed-json");
            as("enroller").post(path).json("[]").send().problem(400, "malformed-json");
            as("enroller").post(path).json("{\"reference\":7}").send().problem(422, "invalid-field");
            Answer unknown =
                    as("enroller").post(path).json("{\"c4n4ry\":\"a\"}").send();
            unknown.problem(422, "invalid-field");
            assertFalse(unknown.text().contains("c4n4ry"));
            as("enroller").post(path).json(body("a".repeat(9000))).send().problem(413);
        }
        as("enroller").post("/subjects:search").json("{}").send().problem(422, "invalid-field");
    }

    /** The request has found the subject; what is remembered of it must not outlive the subject. */
    @Test
    void remembersNoSubjectThatIsErasedDuringTheRequest() throws Exception {
        UUID subject = UUID.fromString(create(reference).expect(201).json().getString("id"));
        try (Hold hold = SharedVault.proxy().holdStatement("insert into vault.idempotency (")) {
            CompletableFuture<Answer> again = CompletableFuture.supplyAsync(() -> as("enroller")
                    .post("/subjects")
                    .header("Idempotency-Key", UUID.randomUUID().toString())
                    .json(body(reference))
                    .send());
            hold.awaitHeld(PATIENCE);
            CompletableFuture<Answer> erasing =
                    CompletableFuture.supplyAsync(() -> as("eraser").erase(subject, "retention"));
            CompletableFuture.anyOf(erasing, again)
                    .completeOnTimeout(null, 2, TimeUnit.SECONDS)
                    .join();
            hold.release();
            again.join().expect(200);
            erasing.join().expect(202);
        }
        assertEquals(
                0,
                new Rows(SharedVault.server().home())
                        .number("select count(*) from vault.idempotency where subject_id = ?", subject));
    }

    @Test
    void keepsTheReferenceOutOfTheDatabaseAndTheLog() throws Exception {
        create(reference).expect(201);
        search(reference).expect(200);
        try (var connection = SharedVault.server().home().superuser().getConnection();
                var statement = connection.prepareStatement(
                        "select (select count(*) from vault.subject_key k where k::text like '%c4n4ry%'"
                                + " or position('c4n4ry'::bytea in coalesce(reference, '')) > 0)"
                                + " + (select count(*) from vault.subject_reference r where r::text like '%c4n4ry%'"
                                + " or position('c4n4ry'::bytea in tag) > 0)");
                var rows = statement.executeQuery()) {
            rows.next();
            assertEquals(0, rows.getInt(1));
        }
        assertFalse(SharedVault.server().console().contains(reference.substring(reference.length() - 36)));
    }
}
