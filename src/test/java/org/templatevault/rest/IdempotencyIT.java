package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.templatevault.testing.SharedVault.as;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;

class IdempotencyIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    private final Rows rows = new Rows(SharedVault.server().home());
    private final UUID subject = UUID.randomUUID();
    private final String key = "key-" + UUID.randomUUID();

    private Answer store(UUID into, String query, byte[] template) {
        return as("enroller")
                .post("/subjects/" + into + "/templates" + query)
                .header("Idempotency-Key", key)
                .octets(template)
                .send();
    }

    private Answer store() {
        return store(subject, OPEN, TEMPLATE);
    }

    private long stored() {
        return rows.number("select count(*) from vault.template where subject_id = ?", subject);
    }

    @Test
    void givesTheSameAnswerAgainWithoutASecondEffect() {
        Answer first = store().expect(201);
        Answer second = store().expect(201);
        assertEquals(first.text(), second.text());
        assertEquals(first.header("Location"), second.header("Location"));
        assertEquals(first.header("ETag"), second.header("ETag"));
        assertEquals(1, stored());
    }

    /** More than one statement forgets at a time. */
    @Tag("nightly")
    @Test
    @Tag("long")
    void forgetsAllThatIsOlderThanADay() {
        String caller = "tests " + key;
        assertEquals(
                450,
                rows.change(
                        "insert into vault.idempotency (caller, key, key_number, fingerprint, status, created_at)"
                                + " select ?, i::text, 1, '', 200, now() - interval '25 hours' from generate_series(1, 450) i",
                        caller));
        rows.change(
                "insert into vault.idempotency_item (caller, key, item) select ?, i::text, n"
                        + " from generate_series(1, 450) i, generate_series(1, 3) n",
                caller);
        rows.change(
                "insert into vault.idempotency (caller, key, key_number, fingerprint, status, created_at)"
                        + " values (?, 'young', 1, '', 200, now() - interval '23 hours')",
                caller);
        TestHome.await(
                "the old keys are forgotten",
                Duration.ofSeconds(90),
                () -> rows.texts("select key from vault.idempotency where caller = ?", caller)
                        .equals(List.of("young")));
        assertEquals(0, rows.number("select count(*) from vault.idempotency_item where caller = ?", caller));
    }

    @Test
    void givesTheSameAnswerAgainToTheSameJson() {
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            answers.add(as("enroller")
                    .post("/subjects/" + subject + "/templates")
                    .header("Idempotency-Key", key)
                    .json(TemplateDocument.fingerprint(TEMPLATE))
                    .send()
                    .expect(201)
                    .text());
        }
        assertEquals(answers.get(0), answers.get(1));
        assertEquals(1, stored());
    }

    @Test
    void stillGivesTheFirstAnswerWhenTheTemplateWasReplaced() {
        String first = store().expect(201).text();
        String template = store().json().getString("template");
        as("enroller")
                .put("/subjects/" + subject + "/templates/" + template + OPEN)
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
        assertEquals(first, store().expect(201).text());
        assertEquals(2, stored());
    }

    @Test
    void refusesTheKeyForAnotherRequest() {
        store().expect(201);
        byte[] other = TEMPLATE.clone();
        other[30] ^= 1;
        store(subject, OPEN, other).problem(422, "idempotency-key-reused");
        store(subject, OPEN + "&quality=5", TEMPLATE).problem(422, "idempotency-key-reused");
        store(UUID.randomUUID(), OPEN, TEMPLATE).problem(422, "idempotency-key-reused");
        as("enroller").post("/subjects").header("Idempotency-Key", key).send().problem(422, "idempotency-key-reused");
        assertEquals(1, stored());
    }

    @Test
    void letsFiftyAtOnceHaveOneEffect() throws Exception {
        List<Callable<String>> requests = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            requests.add(() -> store().expect(201).text());
        }
        var threads = Executors.newFixedThreadPool(50);
        Set<String> answers = new HashSet<>();
        for (var answer : threads.invokeAll(requests)) {
            answers.add(answer.get());
        }
        threads.shutdown();
        assertEquals(1, answers.size(), answers::toString);
        assertEquals(1, stored());
    }

    @Test
    void belongsToTheCaller() {
        String first = store().expect(201).json().getString("template");
        assertEquals(List.of("enroller"), rows.texts("select caller from vault.idempotency where key = ?", key));
        rows.change("update vault.idempotency set caller = 'somebody-else' where key = ?", key);
        String second = store().expect(201).json().getString("template");
        assertNotEquals(first, second);
        assertEquals(2, stored());
    }

    @Test
    void leavesTheKeyFreeWhenTheRequestIsRefused() {
        store(subject, "?modality=NONE&format=OPAQUE", TEMPLATE).problem(422, "invalid-field");
        store(UUID.fromString("c232ab00-9414-11ec-b3c8-9f6bdeced846"), OPEN, TEMPLATE)
                .problem(422, "invalid-field");
        assertEquals(0, rows.number("select count(*) from vault.idempotency where key = ?", key));
        store().expect(201);
    }

    @Test
    void saysThatTheTemplateIsGoneOnceItIsDeletedOrErased() {
        String template = store().expect(201).json().getString("template");
        as("eraser")
                .delete("/subjects/" + subject + "/templates/" + template)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(204);
        store().problem(410);
        as("eraser").erase(subject, "retention").expect(202);
        store().problem(410);
        assertEquals(List.of("null"), rows.texts("select subject_id::text from vault.idempotency where key = ?", key));
        assertEquals(0, stored());
    }

    @Test
    void makesOneSubjectForOneKey() {
        List<String> ids = new ArrayList<>();
        List<String> requests = List.of("first-" + UUID.randomUUID(), "second-" + UUID.randomUUID());
        for (String request : requests) {
            ids.add(as("enroller")
                    .post("/subjects")
                    .header("Idempotency-Key", key)
                    .header("X-Request-Id", request)
                    .send()
                    .expect(201)
                    .json()
                    .getString("id"));
        }
        assertEquals(ids.get(0), ids.get(1));
        assertEquals(
                2,
                rows.number(
                        "select count(*) from vault.audit_entry where subject_tag = (select subject_tag"
                                + " from vault.audit_entry where strpos(line, ?) > 0)",
                        requests.get(0)),
                "both requests are the subject's");
        as("enroller")
                .post("/subjects")
                .header("Idempotency-Key", key)
                .json("{\"reference\":\"other\"}")
                .send()
                .problem(422, "idempotency-key-reused");
    }

    /** Registered twice, a backup would still count for a destruction when its keeper has destroyed it. */
    @Test
    void registersACopyOnceForOneKey() {
        String copy = "{\"kind\":\"wal\",\"name\":\"" + key + "\",\"takenAt\":\"2026-03-01T02:00:00Z\",\"expiresAt\":\""
                + Instant.now().plusSeconds(60) + "\"}";
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ids.add(register(copy).expect(201).json().getString("id"));
        }
        assertEquals(ids.get(0), ids.get(1));
        assertEquals(1, rows.number("select count(*) from vault.copy where name = ?", key));
        register(copy.replace("wal", "database")).problem(422, "idempotency-key-reused");
    }

    private Answer register(String copy) {
        return as("operator")
                .post("/copies")
                .header("Idempotency-Key", key)
                .json(copy)
                .send();
    }

    @Test
    void storesABatchOnceForOneKey() {
        String batch = "{\"items\":["
                + TemplateDocument.with(TemplateDocument.fingerprint(TEMPLATE), "subject", subject.toString())
                + ",{\"subject\":\"" + subject + "\"}]}";
        List<String> results = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            var json = as("enroller")
                    .post("/templates:batchStore")
                    .header("Idempotency-Key", key)
                    .json(batch)
                    .send()
                    .expect(200)
                    .json();
            assertEquals(201, json.getJsonArray("results").getJsonObject(0).getInt("status"));
            assertEquals(422, json.getJsonArray("results").getJsonObject(1).getInt("status"));
            results.add(json.getJsonArray("results").getJsonObject(0).toString());
        }
        assertEquals(results.get(0), results.get(1));
        assertEquals(1, stored());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 101, 5000})
    void refusesAKeyOfTheWrongLength(int length) {
        as("enroller")
                .post("/subjects")
                .header("Idempotency-Key", "k".repeat(length))
                .send()
                .problem(400, "idempotency-key-malformed");
    }

    @Test
    void refusesAKeyWithASpace() {
        as("enroller")
                .post("/subjects")
                .header("Idempotency-Key", "a b")
                .send()
                .problem(400, "idempotency-key-malformed");
    }

    @Test
    void keepsNoPlaintext() {
        byte[] template = "plain-template-canary".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        store(subject, OPEN, template).expect(201);
        String row = rows.texts("select i::text from vault.idempotency i where key = ?", key)
                .get(0);
        assertFalse(row.contains("canary"));
        assertFalse(row.contains(java.util.HexFormat.of().formatHex(template)));
    }
}
