package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Hold;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient;

class BatchIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final int TEMPLATE_LIMIT = 256 << 10;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final UUID subject = UUID.randomUUID();

    private static JsonObject item(UUID subject, byte[] data) {
        return TemplateDocument.with(TemplateDocument.fingerprint(data), "subject", subject.toString());
    }

    private static String batch(boolean atomic, List<? extends JsonValue> items) {
        return "{\"atomic\":" + atomic + ",\"items\":" + items + "}";
    }

    private static Answer store(String body) {
        return as("enroller").post("/templates:batchStore").json(body).send();
    }

    private static Answer get(String body) {
        return as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "verification")
                .json(body)
                .send();
    }

    private static Answer delete(String body) {
        return as("eraser")
                .post("/templates:batchDelete")
                .header("X-Reason", "retention")
                .json(body)
                .send();
    }

    /** The version that was the newest when its length was asked for is dropped before its row is. */
    @Test
    void findsATemplateThatIsReplacedMeanwhile() {
        VaultClient.Stored stored = as("enroller").store(subject, TEMPLATE);
        String wanted = "{\"items\":[{\"subject\":\"" + subject + "\",\"template\":\"" + stored.template() + "\"}]}";
        CompletableFuture<Answer> reading;
        int version = 1;
        try (Hold hold = SharedVault.proxy().holdStatement("and t.version = a.version")) {
            reading = CompletableFuture.supplyAsync(() -> get(wanted));
            hold.awaitHeld(PATIENCE);
            while (rows.number("select count(*) from vault.template where id = ? and version = 1", stored.template())
                    > 0) {
                as("enroller")
                        .put(stored.path() + "?modality=FINGERPRINT&format=OPAQUE")
                        .header("If-Match", "\"" + version++ + "\"")
                        .octets(TEMPLATE)
                        .send()
                        .expect(200);
            }
        }
        JsonObject result = results(reading.join()).get(0);
        assertEquals(200, result.getInt("status"), result::toString);
        assertEquals(version, result.getInt("version"), result::toString);
    }

    @Test
    void findsTheOthersWhereTheKeyOfOneIsGone() {
        UUID keyless = UUID.randomUUID();
        List<VaultClient.Stored> stored =
                List.of(as("enroller").store(keyless, TEMPLATE), as("enroller").store(subject, TEMPLATE));
        Runnable restore = rows.kept("subject_key", "subject_id = ?", keyless);
        rows.change("delete from vault.subject_key where subject_id = ?", keyless);
        String wanted = stored.stream()
                .map(one -> "{\"subject\":\"" + one.subject() + "\",\"template\":\"" + one.template() + "\"}")
                .collect(Collectors.joining(",", "{\"items\":[", "]}"));
        try {
            assertEquals(List.of(404, 200), statuses(results(get(wanted))));
        } finally {
            restore.run();
        }
    }

    private static List<JsonObject> results(Answer answer) {
        JsonObject json = answer.expect(200).json();
        List<JsonObject> results = json.getJsonArray("results").getValuesAs(JsonObject.class);
        for (int i = 0; i < results.size(); i++) {
            assertEquals(i, results.get(i).getInt("index"));
        }
        long ok =
                results.stream().filter(result -> result.getInt("status") < 300).count();
        assertEquals(ok, json.getJsonObject("summary").getInt("ok"));
        assertEquals(results.size() - ok, json.getJsonObject("summary").getInt("failed"));
        return results;
    }

    private static List<Integer> statuses(List<JsonObject> results) {
        return results.stream().map(result -> result.getInt("status")).toList();
    }

    private static JsonObject address(JsonObject stored) {
        return Json.createObjectBuilder()
                .add("subject", stored.getString("subject"))
                .add("template", stored.getString("template"))
                .build();
    }

    private long stored() {
        return rows.number("select count(*) from vault.template where subject_id = ?", subject);
    }

    private UUID erased() {
        UUID gone = UUID.randomUUID();
        as("enroller").store(gone, "modality=IRIS&format=OPAQUE", TEMPLATE);
        as("eraser").erase(gone, "retention").expect(202);
        return gone;
    }

    /** One item of each kind of failure between two that are right, and the status and code that each must answer. */
    private List<JsonObject> mixed() {
        JsonObject right = item(subject, TEMPLATE);
        return List.of(
                right,
                TemplateDocument.without(right, "modality"),
                TemplateDocument.with(right, "quality", Json.createValue(101)),
                TemplateDocument.with(right, "subject", "not-a-uuid"),
                TemplateDocument.with(right, "subject", "c232ab00-9414-11ec-b3c8-9f6bdeced846"),
                TemplateDocument.with(right, "subject", erased().toString()),
                TemplateDocument.with(right, "data", "%%%%"),
                item(subject, new byte[TEMPLATE_LIMIT + 1]),
                TemplateDocument.with(right, "unknown", "field"),
                right);
    }

    @Test
    void givesEachItemItsOwnStatusInTheOrderOfTheInput() {
        List<JsonObject> results = results(store(batch(false, mixed())));
        assertEquals(List.of(201, 422, 422, 422, 422, 410, 422, 413, 422, 201), statuses(results));
        assertEquals(2, stored());
        JsonObject problem = results.get(2).getJsonObject("problem");
        assertEquals("quality", problem.getJsonArray("errors").getJsonObject(0).getString("field"), problem::toString);
        assertFalse(results.toString().contains("not-a-uuid"));
        for (JsonObject result : List.of(results.get(0), results.get(9))) {
            assertEquals(1, result.getInt("version"));
        }
    }

    @Test
    void storesAllOrNothingWhenAtomic() {
        List<JsonObject> refused = results(store(batch(true, mixed())));
        assertEquals(List.of(424, 422, 422, 422, 422, 410, 422, 413, 422, 424), statuses(refused));
        assertEquals(
                "batch-rolled-back", refused.get(0).getJsonObject("problem").getString("code"));
        assertEquals(0, stored());
        assertEquals(0, rows.number("select count(*) from vault.subject_key where subject_id = ?", subject));
        List<JsonObject> right = results(store(batch(true, List.of(item(subject, TEMPLATE), item(subject, TEMPLATE)))));
        assertEquals(List.of(201, 201), statuses(right));
        assertEquals(2, stored());
    }

    @Test
    void leavesTheKeyOfAnAtomicBatchFreeWhenItFailed() {
        String key = "batch-" + UUID.randomUUID();
        List<JsonObject> wrong =
                List.of(item(subject, TEMPLATE), TemplateDocument.without(item(subject, TEMPLATE), "data"));
        for (int i = 0; i < 2; i++) {
            Answer answer = as("enroller")
                    .post("/templates:batchStore")
                    .header("Idempotency-Key", key)
                    .json(batch(true, wrong))
                    .send();
            assertEquals(List.of(424, 422), statuses(results(answer)));
        }
        assertEquals(0, rows.number("select count(*) from vault.idempotency where key = ?", key));
    }

    @Test
    void takesAThousandItemsAndNoMore() {
        List<JsonObject> thousand = Collections.nCopies(1000, item(subject, TEMPLATE));
        assertEquals(Collections.nCopies(1000, 201), statuses(results(store(batch(false, thousand)))));
        assertEquals(1000, stored());
        store(batch(false, Collections.nCopies(1001, item(subject, TEMPLATE)))).problem(422, "invalid-field");
        assertEquals(1000, stored());
        store(batch(false, List.of())).problem(422, "invalid-field");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}x",
                "{\"items\":[%s]}x",
                "{\"items\":[%s,]}",
                "{\"items\":[%s}",
                "{\"items\":[%s],\"atomic\":\"yes\"}",
                "{\"items\":[%s],\"other\":1}",
                "{\"items\":[%s,7]}",
                "{\"items\":{}}"
            })
    void storesNothingOfABatchWithASyntaxErrorAnywhere(String form) {
        store(form.replace("%s", item(subject, TEMPLATE).toString())).problem(400, "malformed-json");
        assertEquals(0, stored());
    }

    @Test
    void refusesABodyThatIsTooLargeWithoutStoringAnyOfIt() {
        List<JsonObject> items = Collections.nCopies(75, item(subject, TemplateDocument.noise(TEMPLATE_LIMIT, 1)));
        store(batch(false, items)).problem(413, "body-too-large");
        assertEquals(0, stored());
    }

    /** A value is in memory as a whole before it is refused, and these bodies are read without a turn. */
    @Test
    void takesNoAddressesOfManyMebibytes() {
        String long1 = "{\"items\":[{\"subject\":\"" + "a".repeat(1 << 20) + "\"}]}";
        get(long1).problem(413, "body-too-large");
        as("eraser")
                .post("/templates:batchDelete")
                .header("X-Reason", "retention")
                .json(long1)
                .send()
                .problem(413, "body-too-large");
    }

    @Test
    void fillsASubjectToItsLimitAndRefusesTheItemsBeyond() {
        List<JsonObject> first = largest(45);
        assertEquals(Collections.nCopies(45, 201), statuses(results(store(batch(false, first)))));
        assertEquals(Collections.nCopies(45, 201), statuses(results(store(batch(false, first)))));
        List<Integer> last = statuses(results(store(batch(false, first))));
        int fitted = last.indexOf(413);
        assertTrue(fitted > 0, last::toString);
        assertEquals(Collections.nCopies(45 - fitted, 413), last.subList(fitted, 45));
        assertEquals(
                rows.number("select sum(length(envelope)) from vault.template where subject_id = ?", subject),
                rows.number("select stored_bytes from vault.subject_key where subject_id = ?", subject));
    }

    private List<JsonObject> largest(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> item(subject, TemplateDocument.noise(TEMPLATE_LIMIT, i)))
                .toList();
    }

    @Test
    void opensUpToSixteenMebibytesAndAnswers413ForTheRest() {
        List<JsonObject> addresses = new ArrayList<>();
        for (List<JsonObject> part : List.of(largest(40), largest(40))) {
            results(store(batch(false, part))).forEach(result -> addresses.add(address(result)));
        }
        List<JsonObject> results = results(get(batch(false, addresses)));
        int opened = statuses(results).indexOf(413);
        assertTrue(opened > 50, () -> opened + " were opened");
        for (int i = 0; i < results.size(); i++) {
            JsonObject result = results.get(i);
            if (i < opened) {
                assertArrayEquals(
                        TemplateDocument.noise(TEMPLATE_LIMIT, i % 40),
                        Base64.getDecoder().decode(result.getString("data")));
            } else {
                assertEquals("batch-too-large", result.getJsonObject("problem").getString("code"));
            }
        }
    }

    /** Compressed it is a few hundred bytes, and the same one may be asked for again and again. */
    @Test
    void countsWhatItOpensAndNotOnlyWhatIsStored() {
        JsonObject blank = address(results(store(batch(false, List.of(item(subject, new byte[TEMPLATE_LIMIT])))))
                .get(0));
        List<Integer> statuses = statuses(results(get(batch(false, Collections.nCopies(1000, blank)))));
        int most = (16 << 20) / TEMPLATE_LIMIT;
        assertEquals(Collections.nCopies(most, 200), statuses.subList(0, most));
        assertEquals(Collections.nCopies(1000 - most, 413), statuses.subList(most, 1000));
    }

    @Test
    void readsEachItemForItself() {
        byte[] second = IsoTemplates.fingerprint(20, 2);
        List<JsonObject> stored =
                results(store(batch(false, List.of(item(subject, TEMPLATE), item(subject, TEMPLATE)))));
        JsonObject right = address(stored.get(0));
        as("enroller")
                .put("/subjects/" + subject + "/templates/" + right.getString("template"))
                .header("If-Match", "\"1\"")
                .json(TemplateDocument.fingerprint(second))
                .send()
                .expect(200);
        JsonObject damaged = address(stored.get(1));
        flipABit(damaged);
        List<JsonObject> results = results(get(batch(
                false,
                List.of(
                        TemplateDocument.with(right, "version", Json.createValue(1)),
                        TemplateDocument.with(right, "version", Json.createValue(9)),
                        damaged,
                        TemplateDocument.with(
                                right, "template", UUID.randomUUID().toString()),
                        TemplateDocument.with(
                                right, "subject", UUID.randomUUID().toString()),
                        TemplateDocument.without(right, "template"),
                        right))));
        assertEquals(List.of(200, 404, 500, 404, 404, 422, 200), statuses(results));
        assertArrayEquals(TEMPLATE, Base64.getDecoder().decode(results.get(0).getString("data")));
        assertArrayEquals(second, Base64.getDecoder().decode(results.get(6).getString("data")));
        JsonObject alarm = results.get(2).getJsonObject("problem");
        assertEquals("integrity-failure", alarm.getString("code"));
        assertFalse(alarm.getString("incident").isEmpty());
        assertFalse(alarm.containsKey("detail"), alarm::toString);
        flipABit(damaged);
    }

    private void flipABit(JsonObject address) {
        rows.change(
                "update vault.template set envelope = set_byte(envelope, 60, get_byte(envelope, 60) # 1) where id = ?",
                UUID.fromString(address.getString("template")));
    }

    @Test
    void deletesEachItemForItself() {
        List<JsonObject> stored = results(store(batch(false, Collections.nCopies(3, item(subject, TEMPLATE)))));
        JsonObject first = address(stored.get(0));
        List<JsonObject> results = results(delete(batch(
                false,
                List.of(
                        TemplateDocument.with(first, "version", Json.createValue(2)),
                        first,
                        first,
                        TemplateDocument.with(address(stored.get(1)), "version", Json.createValue(1)),
                        TemplateDocument.without(first, "subject")))));
        assertEquals(List.of(412, 204, 404, 204, 422), statuses(results));
        assertEquals(1, stored());
        results.stream()
                .filter(result -> result.getInt("status") == 204)
                .forEach(result -> assertEquals(subject.toString(), result.getString("subject")));
    }

    @Test
    void refusesToReadOrDeleteAllOrNothing() {
        JsonObject stored = address(results(store(batch(false, List.of(item(subject, TEMPLATE)))))
                .get(0));
        for (Answer answer : List.of(get(batch(true, List.of(stored))), delete(batch(true, List.of(stored))))) {
            JsonObject problem = answer.problem(422, "invalid-field");
            assertEquals(
                    "atomic", problem.getJsonArray("errors").getJsonObject(0).getString("field"));
        }
        assertEquals(1, stored());
        get("{\"atomic\":true,\"items\":[{}").problem(400, "malformed-json");
    }

    /** Each item of an outage waits its time-outs, a thousand for hours. */
    @Test
    void deletesNoFurtherWhereTheDatabaseIsAwayAndTellsWhatWasDeletedBefore() {
        List<JsonObject> stored = results(store(batch(false, Collections.nCopies(4, item(subject, TEMPLATE)))));
        List<JsonObject> wanted = new ArrayList<>();
        stored.forEach(one -> wanted.add(address(one)));
        wanted.add(3, TemplateDocument.without(wanted.get(3), "subject"));
        String deletes = "delete from vault.template where subject_id";
        try (Hold first = SharedVault.proxy().holdStatementAfter(deletes, "commit")) {
            CompletableFuture<Answer> deleting = CompletableFuture.supplyAsync(() -> delete(batch(false, wanted)));
            first.awaitHeld(PATIENCE);
            try (Hold second = SharedVault.proxy().holdStatementAfter(deletes, "commit")) {
                first.release();
                second.awaitHeld(PATIENCE).drop();
            }
            List<JsonObject> results = results(deleting.join());
            assertEquals(List.of(204, 503, 503, 422, 503), statuses(results));
            assertEquals(
                    List.of("outcome-unknown", "database-unavailable", "invalid-field", "database-unavailable"),
                    results.subList(1, 5).stream()
                            .map(result -> result.getJsonObject("problem").getString("code"))
                            .toList());
        }
        assertEquals(3, stored());
        assertEquals(
                List.of("database-unavailable", "database-unavailable", "outcome-unknown"),
                rows.texts(
                        "select line::jsonb ->> 'code' from vault.audit_entry"
                                + " where action = 'POST /api/v1/templates:batchDelete' and outcome = 'failed'"
                                + " and line::jsonb ->> 'template' = any(string_to_array(?, ',')) order by 1",
                        wanted.stream().map(one -> one.getString("template")).collect(Collectors.joining(","))));
    }

    /** More than may run at once: they wait for their turn and none fails for memory. */
    @Test
    void servesSixLargeBatchesAtOnce() throws Exception {
        List<Callable<List<Integer>>> batches = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            JsonObject item = item(UUID.randomUUID(), TemplateDocument.noise(TEMPLATE_LIMIT, i));
            batches.add(() -> statuses(results(store(batch(false, Collections.nCopies(40, item))))));
        }
        var threads = Executors.newFixedThreadPool(6);
        for (var statuses : threads.invokeAll(batches)) {
            assertEquals(Collections.nCopies(40, 201), statuses.get());
        }
        threads.shutdown();
    }
}
