package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** What is in the trail after a request: always, before its answer. */
class TrailIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final String requestId = "trail-" + UUID.randomUUID();

    private List<JsonObject> entries() {
        return rows
                .texts(
                        "select line from vault.audit_entry where line::json ->> 'request' = ? order by at, id",
                        requestId)
                .stream()
                .map(line -> Json.createReader(new StringReader(line)).readObject())
                .toList();
    }

    private JsonObject entry() {
        List<JsonObject> found = entries();
        assertEquals(1, found.size(), found::toString);
        return found.get(0);
    }

    @Test
    void tellsOfAReadBeforeItsAnswer() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("reader")
                .get(stored.path() + "/content")
                .header("X-Purpose", "verification")
                .header("X-Request-Id", requestId)
                .send()
                .expect(200);
        JsonObject entry = entry();
        assertEquals("GET /api/v1/subjects/{subject}/templates/{template}/content", entry.getString("action"));
        assertEquals("allowed", entry.getString("outcome"));
        assertEquals(200, entry.getInt("status"));
        assertEquals("reader", entry.getString("caller"));
        assertEquals("reader", entry.getJsonArray("roles").getString(0));
        assertEquals("verification", entry.getString("purpose"));
        assertEquals(64, entry.getString("subject").length());
        assertTrue(entry.getString("address").matches("127.0.0.1|0:0:0:0:0:0:0:1|::1"), entry::toString);
        assertEquals(
                stored.template().toString(), entry.getJsonObject("targets").getString("template"));
        assertFalse(entry.toString().contains(stored.subject().toString()), entry::toString);
    }

    @Test
    void tellsOfAStoreInItsTransactionWithTheRowThatCame() {
        UUID subject = UUID.randomUUID();
        as("enroller")
                .post("/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE")
                .header("X-Request-Id", requestId)
                .octets(TEMPLATE)
                .send()
                .expect(201);
        JsonObject entry = entry();
        assertEquals(1, entry.getJsonArray("added").size());
        assertEquals(64, entry.getString("subject").length());
        assertEquals(
                rows.texts("select xmin::text from vault.template where subject_id = ?", subject),
                rows.texts("select xmin::text from vault.audit_entry where line::json ->> 'request' = ?", requestId));
    }

    @Test
    void tellsOfADenialAndOfAFailure() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("enroller")
                .get(stored.path() + "/content")
                .header("X-Request-Id", requestId)
                .send()
                .expect(403);
        JsonObject denied = entry();
        assertEquals("denied", denied.getString("outcome"));
        assertEquals(64, denied.getString("subject").length());
        String other = requestId;
        as("reader")
                .get("/subjects/" + UUID.randomUUID())
                .header("X-Request-Id", other)
                .send()
                .expect(404);
        JsonObject failed = entries().get(1);
        assertEquals("failed", failed.getString("outcome"));
        assertEquals("subject-not-found", failed.getString("code"));
        assertFalse(failed.containsKey("subject"), failed::toString);
    }

    @Test
    void sealsWithinASecond() {
        as("auditor").get("/keys").header("X-Request-Id", requestId).send().expect(200);
        TestHome.await(
                "the entry is in a block",
                Duration.ofSeconds(3),
                () -> rows.number(
                                "select count(*) from vault.audit_block_entry b join vault.audit_entry e on e.at = b.at"
                                        + " and e.id = b.entry where e.line::json ->> 'request' = ?",
                                requestId)
                        == 1);
    }

    @Test
    void sealsNoMoreThanTwiceASecondWhateverComesMeanwhile() {
        String blocks = "select count(*) from vault.audit_block";
        long before = rows.number(blocks);
        Instant began = Instant.now();
        while (Instant.now().isBefore(began.plusSeconds(3))) {
            as("auditor").get("/keys").send().expect(200);
        }
        long sealed = rows.number(blocks) - before;
        double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
        assertTrue(sealed > 0, "the trail is sealed while requests come");
        assertTrue(sealed <= 2 * seconds + 1, () -> sealed + " blocks in " + seconds + " s");
    }

    @Test
    void readsForABlockWhatWaitsAndNotTheWholeTrail() throws Exception {
        String unknown = "{\"subject\":\"" + UUID.randomUUID() + "\",\"template\":\"" + UUID.randomUUID() + "\"}";
        String items = String.join(",", Collections.nCopies(500, unknown));
        for (int i = 0; i < 6; i++) {
            as("reader")
                    .post("/templates:batchGet")
                    .header("X-Purpose", "identification")
                    .json("{\"items\":[" + items + "]}")
                    .send()
                    .expect(200);
        }
        awaitSealed();
        long before = scans();
        for (int i = 0; i < 3; i++) {
            as("auditor").get("/keys").send().expect(200);
            awaitSealed();
        }
        assertEquals(before, scans());
    }

    /** Whoever may write into the table of what waits must not be able to end the sealing of all others. */
    @Test
    void goesOnSealingWhereWhatIsSealedWaitsOnceMore() {
        as("auditor").get("/keys").header("X-Request-Id", requestId).send().expect(200);
        awaitSealed();
        String sealed = entry().getString("id");
        rows.change("insert into vault.audit_pending select at, id from vault.audit_entry where id = ?::uuid", sealed);
        try {
            as("auditor").get("/keys").send().expect(200);
            TestHome.await(
                    "what came afterwards is in a block",
                    Duration.ofSeconds(5),
                    () -> rows.number("select count(*) from vault.audit_pending") == 1);
        } finally {
            rows.change("delete from vault.audit_pending where id = ?::uuid", sealed);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"infinity", "-infinity", "12000-01-01Z"})
    void goesOnSealingWhereAnEntryHasATimeOfNoMonth(String at) {
        UUID made = UUID.randomUUID();
        rows.change(
                "with made as (insert into vault.audit_entry (at, id, action, outcome, line)"
                        + " values (?::timestamptz, ?, 'made', 'allowed', '{}') returning at, id)"
                        + " insert into vault.audit_pending select at, id from made",
                at,
                made);
        try {
            as("auditor").get("/keys").send().expect(200);
            TestHome.await(
                    "what came afterwards is in a block",
                    Duration.ofSeconds(5),
                    () -> rows.number("select count(*) from vault.audit_pending") == 1);
        } finally {
            rows.change("delete from vault.audit_pending where id = ?", made);
            rows.change("delete from vault.audit_entry where id = ?", made);
        }
    }

    private void awaitSealed() {
        TestHome.await(
                "nothing waits for a block",
                Duration.ofSeconds(5),
                () -> rows.number("select count(*) from vault.audit_pending") == 0);
    }

    /** How often a table of the trail was read whole; the database tells within a second. */
    private long scans() throws InterruptedException {
        Thread.sleep(2000);
        return rows.number("select sum(seq_scan) from pg_stat_user_tables where relname like 'audit\\_entry%'");
    }

    @Test
    void makesAHundredReadsOfABatchAHundredEntriesAboutTheirSubjects() {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
            items.append(i == 0 ? "" : ",")
                    .append("{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}");
        }
        items.append(",{\"subject\":\"" + UUID.randomUUID() + "\",\"template\":\"" + UUID.randomUUID() + "\"}");
        as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "identification")
                .header("X-Request-Id", requestId)
                .json("{\"items\":[" + items + "]}")
                .send()
                .expect(200);
        List<JsonObject> found = entries();
        assertEquals(101, found.size());
        assertEquals(
                100,
                found.stream()
                        .map(entry -> entry.getString("subject", ""))
                        .filter(tag -> !tag.isEmpty())
                        .distinct()
                        .count());
        assertEquals(
                1,
                found.stream()
                        .filter(entry -> entry.getString("code", "").equals("template-not-found"))
                        .count());
    }

    @Test
    void makesABatchOfStoresAnEntryForEachSubjectAndOneForEachRefusal() {
        UUID one = UUID.randomUUID();
        UUID other = UUID.randomUUID();
        as("enroller")
                .post("/templates:batchStore")
                .header("X-Request-Id", requestId)
                .json("{\"items\":[" + item(one, "OPAQUE") + "," + item(one, "OPAQUE") + "," + item(other, "OPAQUE")
                        + "," + item(other, "UNHEARD_OF") + "]}")
                .send()
                .expect(200);
        List<JsonObject> found = entries();
        assertEquals(3, found.size(), found::toString);
        List<Integer> rowsAdded = found.stream()
                .filter(entry -> entry.containsKey("added"))
                .map(entry -> entry.getJsonArray("added").size())
                .sorted()
                .toList();
        assertEquals(List.of(1, 2), rowsAdded);
        assertEquals("failed", found.get(found.size() - 1).getString("outcome"));
    }

    private static String item(UUID subject, String format) {
        return "{\"subject\":\"" + subject + "\",\"modality\":\"FACE\",\"format\":\"" + format
                + "\",\"data\":\"QUJD\"}";
    }

    @Test
    void keepsThePseudonymThatAnErasureKeeps() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        String revision = as("eraser")
                .get("/subjects/" + stored.subject())
                .send()
                .expect(200)
                .header("ETag");
        JsonObject erasure = as("eraser")
                .delete("/subjects/" + stored.subject())
                .header("If-Match", revision)
                .header("X-Reason", "consent-withdrawn")
                .header("X-Request-Id", requestId)
                .send()
                .expect(202)
                .json();
        JsonObject entry = entry();
        assertEquals(erasure.getString("pseudonym"), entry.getString("subject"));
        assertEquals("consent-withdrawn", entry.getString("reason"));
        assertEquals(erasure.getString("id"), entry.getJsonObject("notes").getString("erasure"));
        assertEquals(1, entry.getJsonArray("removed").size());
        JsonObject page = as("auditor")
                .get("/audit?subjectTag=" + erasure.getString("pseudonym"))
                .send()
                .expect(200)
                .json();
        assertEquals(3, page.getJsonArray("entries").size(), page::toString);
        as("auditor").get("/audit?subject=" + stored.subject()).send().problem(404, "subject-not-found");
    }

    @Test
    void answersNothingAndChangesNothingWhileTheTrailCannotBeWritten() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        UUID subject = UUID.randomUUID();
        rows.change("revoke insert on vault.audit_entry from vault_app");
        try {
            Answer read = as("reader").read(stored);
            read.problem(503, "audit-unavailable");
            assertTrue(Integer.parseInt(read.header("Retry-After")) > 0, read::toString);
            assertFalse(read.headers().toLowerCase(Locale.ROOT).contains("etag"), read::headers);
            String batch = "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template()
                    + "\"}]}";
            Answer opened = as("reader")
                    .post("/templates:batchGet")
                    .header("X-Purpose", "support")
                    .json(batch)
                    .send();
            opened.problem(503, "audit-unavailable");
            as("enroller")
                    .post("/subjects/" + subject + "/templates?modality=FACE&format=OPAQUE")
                    .octets(TEMPLATE)
                    .send()
                    .problem(503, "audit-unavailable");
            as("enroller").get("/keys").send().problem(503, "audit-unavailable");
            assertEquals(0, rows.number("select count(*) from vault.template where subject_id = ?", subject));
            assertEquals(0, rows.number("select count(*) from vault.subject_key where subject_id = ?", subject));
        } finally {
            rows.change("grant insert on vault.audit_entry to vault_app");
        }
        as("reader").read(stored).expect(200);
    }

    @Test
    void givesTheApplicationNoRightToChangeOrDeleteWhatWasWritten() {
        List<String> tables = rows.texts("select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid ="
                + " c.relnamespace where n.nspname = 'vault' and c.relkind in ('r', 'p')"
                + " and c.relname ~ '^audit_(entry|block)'");
        assertTrue(tables.size() >= 11, tables::toString);
        for (String table : tables) {
            for (String right : List.of("update", "delete", "truncate", "references", "trigger", "maintain")) {
                assertEquals(
                        List.of("f"),
                        rows.texts("select has_table_privilege('vault_app', ?, ?)", table, right),
                        table + " " + right);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"caller", "action", "outcome"})
    void refusesAFilterThatTheDatabaseCannotHold(String name) {
        as("auditor").get("/audit?" + name + "=a%00b").send().problem(422, "invalid-field");
    }

    @Test
    void pagesThroughTheEntriesOfACallerByTime() {
        String from = Instant.now().toString();
        for (int i = 0; i < 3; i++) {
            as("operator").get("/keys/1").send().expect(200);
        }
        String query =
                "/audit?limit=2&caller=operator&action=GET%20/api/v1/keys/%7Bversion%7D&outcome=allowed&from=" + from;
        JsonObject first = as("auditor").get(query).send().expect(200).json();
        assertEquals(2, first.getJsonArray("entries").size());
        JsonObject second = as("auditor")
                .get(query + "&cursor=" + first.getString("next"))
                .send()
                .expect(200)
                .json();
        assertEquals(1, second.getJsonArray("entries").size());
        assertFalse(second.containsKey("next"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "from=yesterday",
                "to=2026-13-01T00:00:00Z",
                "from=%2B1000000000-01-01T00:00:00Z",
                "subject=4711",
                "subjectTag=AB",
                "cursor=x",
                "cursor=2026-03-01T02:00:00Z_x",
                "limit=0",
                "limit=1001",
                "limit=ten",
                "who=reader"
            })
    void refusesAFilterThatIsNone(String query) {
        as("auditor").get("/audit?" + query).send().problem(422, "invalid-field");
    }

    /** A store of content that has no purpose is refused; what the caller wrote into the header is not kept. */
    @Test
    void keepsNoTextOfACaller() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        as("reader")
                .get(stored.path() + "/content")
                .header("X-Purpose", "c4n4ry")
                .header("X-Request-Id", requestId)
                .send()
                .problem(403, "purpose-not-allowed");
        assertFalse(entry().toString().contains("c4n4ry"));
        assertEquals("purpose-not-allowed", entry().getString("code"));
    }

    @Test
    void countsRefusalsOfThoseWhoAreNotSignedInInsteadOfWritingEach() {
        long before = rows.number("select count(*) from vault.audit_entry where outcome = 'denied' and caller is null");
        for (int i = 0; i < 20; i++) {
            SharedVault.server().client().get("/keys").send().problem(401);
        }
        long after = rows.number("select count(*) from vault.audit_entry where outcome = 'denied' and caller is null");
        assertTrue(after - before <= 2, () -> before + " " + after);
    }

    /** Whatever else inserts or deletes templates would not be told of. */
    @Test
    void letsOnePlaceInsertAndDeleteTemplates() throws Exception {
        List<String> places = new ArrayList<>();
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            for (Path source :
                    sources.filter(path -> path.toString().endsWith(".java")).toList()) {
                String text = Files.readString(source).replaceAll("\"\\s*\\+\\s*\"", "");
                if (text.matches("(?s).*(delete\\s+from|insert\\s+into|truncate)\\s+vault\\.template\\b.*")) {
                    places.add(String.valueOf(source.getFileName()));
                }
            }
        }
        assertEquals(List.of("Templates.java"), places);
    }
}
