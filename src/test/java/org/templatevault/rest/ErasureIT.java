package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;

class ErasureIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    private final UUID subject = UUID.randomUUID();
    private final Stored stored = as("enroller").store(subject, TEMPLATE);

    private Answer erase(String ifMatch) {
        return as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", ifMatch)
                .header("X-Reason", "consent-withdrawn")
                .send();
    }

    private Answer storeAgain() {
        return as("enroller")
                .post("/subjects/" + subject + "/templates" + OPEN)
                .octets(TEMPLATE)
                .send();
    }

    private int rows(String table) {
        try (Connection connection = SharedVault.server().home().superuser().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("select count(*) from vault." + table + " where subject_id = ?")) {
            statement.setObject(1, subject);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void destroysTheSubjectAndLeavesAReceipt() {
        Answer answer = erase("\"1\"").expect(202);
        String location = answer.header("Location").replaceFirst("^https://[^/]+", "");
        assertTrue(location.startsWith("/api/v1/erasures/"), location);
        JsonObject erasure =
                as("auditor").callOutside("GET", location).send().expect(200).json();
        assertEquals("consent-withdrawn", erasure.getString("reason"));
        assertEquals("eraser", erasure.getString("requestedBy"));
        assertEquals(1, erasure.getInt("templates"));
        assertFalse(erasure.toString().contains(subject.toString()));
        JsonObject gone = as("reader").get("/subjects/" + subject).send().problem(410, "subject-erased");
        assertEquals(location, gone.getString("receipt"));
        assertEquals(0, rows("template") + rows("subject_key") + rows("subject_reference"));
    }

    @Test
    void takesReferenceQuarantineMarkAndTheIdsOfRememberedRequestsAlong() {
        Rows rows = new Rows(SharedVault.server().home());
        String key = UUID.randomUUID().toString();
        UUID other = enrol("{\"reference\":\"" + key + "\"}");
        Answer first = keyed(other, key);
        Stored second =
                new Stored(other, UUID.fromString(first.expect(201).json().getString("template")));
        as("eraser")
                .delete(as("enroller").store(other, TEMPLATE).path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(204);
        rows.change(
                "insert into vault.quarantine (subject_id, template_id, version, id, rotation_id, reason, class, at)"
                        + " values (?, ?, 1, gen_random_uuid(), gen_random_uuid(), '', 'CORRUPT', now())",
                other,
                second.template());
        as("eraser").erase(other, "retention").expect(202);
        for (String table : List.of(
                "subject_key",
                "template",
                "subject_reference",
                "quarantine",
                "reencrypt_mark",
                "idempotency",
                "idempotency_item")) {
            assertEquals(0, rows.number("select count(*) from vault." + table + " where subject_id = ?", other), table);
        }
        assertEquals(0, rows.number("select count(*) from vault.idempotency where resource_id = ?", second.template()));
        keyed(other, key).problem(410, "subject-erased");
        UUID again = enrol("{\"reference\":\"" + key + "\"}");
        assertNotEquals(other, again);
        as("reader").get("/subjects/" + again).send().expect(200);
        as("reader").get("/subjects/" + other).send().problem(410, "subject-erased");
    }

    private static UUID enrol(String body) {
        return UUID.fromString(as("enroller")
                .post("/subjects")
                .json(body)
                .send()
                .expect(201)
                .json()
                .getString("id"));
    }

    private static Answer keyed(UUID subject, String key) {
        return as("enroller")
                .post("/subjects/" + subject + "/templates" + OPEN)
                .header("Idempotency-Key", key)
                .octets(TEMPLATE)
                .send();
    }

    @Test
    void tellsThoseWhoMayNotSeeSubjectsNothingAboutAnErasedOne() {
        erase("\"1\"").expect(202);
        for (String role : List.of("operator", "key-custodian", "approver")) {
            String erased = as(role).get("/subjects/" + subject)
                    .send()
                    .problem(403, "forbidden")
                    .getString("code");
            as(role).get("/subjects/" + UUID.randomUUID()).send().problem(403, erased);
        }
        JsonObject gone = as("auditor").get("/subjects/" + subject).send().problem(410, "subject-erased");
        as("enroller").callOutside("GET", gone.getString("receipt")).send().problem(403, "forbidden");
    }

    @Test
    void erasesOnceWhenTwoEraseAtOnce() {
        SharedVault.server();
        CompletableFuture<Answer> first;
        CompletableFuture<Answer> second;
        try (var hold =
                SharedVault.proxy().holdStatementAfter("delete from vault.subject_key", "delete from vault.template")) {
            first = CompletableFuture.supplyAsync(() -> erase("\"1\""));
            hold.awaitHeld(Duration.ofSeconds(10));
            second = CompletableFuture.supplyAsync(() -> erase("\"1\""));
            assertTrue(pending(second));
        }
        String receipt = first.join().expect(202).json().getString("id");
        assertTrue(second.join()
                .problem(410, "subject-erased")
                .getString("receipt")
                .endsWith(receipt));
    }

    @Test
    void refusesTheItemsOfABatchForASubjectThatIsErasedMeanwhile() {
        SharedVault.server();
        UUID other = UUID.randomUUID();
        CompletableFuture<Answer> batch;
        try (var hold = SharedVault.proxy().holdStatement("update vault.subject_key k set revision")) {
            batch = CompletableFuture.supplyAsync(() -> as("enroller")
                    .post("/templates:batchStore")
                    .json("{\"items\":[" + item(subject) + "," + item(other) + "]}")
                    .send());
            hold.awaitHeld(Duration.ofSeconds(10));
            erase("\"1\"").expect(202);
        }
        var results = batch.join().expect(200).json().getJsonArray("results");
        assertEquals(410, results.getJsonObject(0).getInt("status"));
        assertEquals(201, results.getJsonObject(1).getInt("status"));
        assertEquals(0, rows("template") + rows("subject_key"));
    }

    private static String item(UUID of) {
        return "{\"subject\":\"" + of + "\",\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\"}";
    }

    @Test
    void letsAReadThatFoundTheRowsEndAndTheNextOneFindNothing() {
        SharedVault.server();
        CompletableFuture<Answer> reading;
        try (var hold = SharedVault.proxy().holdAnswer("join vault.template")) {
            reading = CompletableFuture.supplyAsync(() -> as("reader").read(stored));
            hold.awaitHeld(Duration.ofSeconds(10));
            erase("\"1\"").expect(202);
        }
        assertArrayEquals(TEMPLATE, reading.join().expect(200).bytes());
        as("reader").read(stored).problem(410, "subject-erased");
    }

    @Test
    void neverLetsTheIdComeBack() {
        erase("\"1\"").expect(202);
        storeAgain().problem(410, "subject-erased");
        storeAgain().problem(410, "subject-erased");
        assertEquals(0, rows("template") + rows("subject_key"));
        Answer read = as("reader").read(stored);
        assertTrue(read.status() == 404 || read.status() == 410, read::toString);
        as("reader").get("/subjects/" + subject + "/templates").send().problem(410, "subject-erased");
        as("enroller")
                .put(stored.path() + OPEN)
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .problem(410, "subject-erased");
        erase("\"1\"").problem(410, "subject-erased");
    }

    /** The store has begun and waits; the erasure comes between. Whichever is first, the id stays erased. */
    @Test
    void neverLetsTheIdComeBackByAStoreThatWasUnderWay() {
        SharedVault.server();
        CompletableFuture<Answer> store;
        try (var hold = SharedVault.proxy().holdStatement("update vault.subject_key k set revision")) {
            store = CompletableFuture.supplyAsync(this::storeAgain);
            hold.awaitHeld(Duration.ofSeconds(10));
            erase("\"1\"").expect(202);
        }
        store.join().problem(410, "subject-erased");
        assertEquals(0, rows("template") + rows("subject_key"));
    }

    @Test
    void waitsForAStoreThatHoldsTheSubject() {
        SharedVault.server();
        CompletableFuture<Answer> store;
        CompletableFuture<Answer> erasure;
        try (var hold = SharedVault.proxy().holdStatement("insert into vault.template")) {
            store = CompletableFuture.supplyAsync(this::storeAgain);
            hold.awaitHeld(Duration.ofSeconds(10));
            erasure = CompletableFuture.supplyAsync(() -> erase("\"1\""));
            assertTrue(pending(erasure));
        }
        store.join().expect(201);
        erasure.join().problem(412);
        erase("\"2\"").expect(202);
        assertEquals(0, rows("template") + rows("subject_key"));
    }

    private static boolean pending(CompletableFuture<Answer> answer) {
        try {
            answer.get(700, java.util.concurrent.TimeUnit.MILLISECONDS);
            return false;
        } catch (java.util.concurrent.TimeoutException asItShould) {
            return true;
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"2\"", "\"999999999999\""})
    void refusesAnErasureOfAnotherRevision(String ifMatch) {
        erase(ifMatch).problem(412);
        as("reader").read(stored).expect(200);
    }

    @Test
    void refusesAnErasureWithoutRevisionOrReason() {
        as("eraser")
                .delete("/subjects/" + subject)
                .header("X-Reason", "retention")
                .send()
                .problem(428, "if-match-missing");
        as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .send()
                .problem(400, "reason-missing");
        Answer refused = as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "c4n4ry")
                .send();
        refused.problem(403, "reason-not-allowed");
        assertFalse(refused.text().contains("c4n4ry"));
        as("reader").read(stored).expect(200);
    }

    @Test
    void findsNothingToEraseUnderAnUnknownId() {
        as("eraser")
                .delete("/subjects/" + UUID.randomUUID())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .problem(404, "subject-not-found");
        as("auditor").get("/erasures/" + UUID.randomUUID()).send().problem(404);
    }

    @Test
    void erasesASubjectWhoseKeyDoesNotUnwrap() throws Exception {
        try (Connection connection = SharedVault.server().home().superuser().getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "update vault.subject_key set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))"
                                + " where subject_id = ?")) {
            statement.setObject(1, subject);
            statement.executeUpdate();
        }
        as("reader").read(stored).problem(500, "integrity-failure");
        erase("\"1\"").expect(202);
        storeAgain().problem(410, "subject-erased");
    }
}
