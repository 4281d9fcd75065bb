package org.templatevault.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** What a receipt says, and that it does not say it before it is true. */
class ReceiptIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final String OPEN = "modality=IRIS&format=OPAQUE";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());

    @BeforeEach
    void forgetTheCopiesOfOtherTests() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
    }

    private Stored store() {
        return server.as("enroller").store(UUID.randomUUID(), OPEN, TemplateDocument.noise(500, 1));
    }

    private Answer tryToErase(UUID subject) {
        return server.as("eraser").erase(subject, "data-subject-request");
    }

    private String erase(UUID subject) {
        return tryToErase(subject).expect(202).json().getString("id");
    }

    private JsonObject receipt(String erasure) {
        return server.as("auditor")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json();
    }

    private JsonObject awaitStep(String erasure, String step) {
        TestHome.await(step + " is true", PATIENCE, () -> !receipt(erasure).isNull(step));
        return receipt(erasure);
    }

    private static JsonObject waiting(JsonObject receipt, String step) {
        return receipt.getJsonObject("waiting").getJsonObject(step);
    }

    private String register(String kind) {
        return server.as("operator").registerCopy(kind, Instant.now());
    }

    private void destroyCopy(String copy) {
        JsonObject destroyed = server.as("operator")
                .post("/copies/" + copy + ":destroyed")
                .send()
                .expect(200)
                .json();
        assertEquals("operator", destroyed.getString("destroyedBy"));
    }

    private static boolean verifies(JsonObject receipt, byte[] signed) throws Exception {
        String pem = receipt.getString("publicKey").replaceAll("-----[^-]+-----|\\s", "");
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(KeyFactory.getInstance("Ed25519")
                .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(pem))));
        verifier.update(signed);
        return verifier.verify(Base64.getDecoder().decode(receipt.getString("signature")));
    }

    /** As a node of the release before would say it, which runs beside this one during an upgrade. */
    private void saysAgainWhatANodeThatVacuumsFewerTablesHasSaid(String erasure) {
        rows.change(
                "update vault.erasure_round set vacuumed_tables = 7, vacuumed_at = '2020-01-01', physical_at = '2020-01-01'"
                        + " where erasure_id = ?",
                UUID.fromString(erasure));
        TestHome.await(
                "all tables were vacuumed and that is said",
                PATIENCE,
                () -> rows.number(
                                "select count(*) from vault.erasure_round where erasure_id = ? and vacuumed_tables = 10"
                                        + " and vacuumed_at > '2020-01-02' and physical_at > '2020-01-02'",
                                UUID.fromString(erasure))
                        == 1);
    }

    private List<String> tablesOfSubjectsThatWereNeverVacuumed() {
        return rows.texts("select c.relname::text from pg_attribute a join pg_class c on c.oid = a.attrelid"
                + " join pg_stat_user_tables s on s.relid = c.oid where s.schemaname = 'vault'"
                + " and a.attname = 'subject_id' and not a.attisdropped and s.vacuum_count = 0");
    }

    @Test
    void fillsUpStepByStepAndIsSignedAnewEachTime() throws Exception {
        String database = register("database");
        String keyStore = register("keystore");
        UUID subject = store().subject();
        String erasure = erase(subject);
        JsonObject first = awaitStep(erasure, "evictedAt");
        assertTrue(first.isNull("cryptographicAt") && first.isNull("physicalAt"), first::toString);
        assertFalse(first.toString().contains(subject.toString()));
        int version = first.getInt("lastKeyVersion");
        assertTrue(
                waiting(first, "cryptographicAt").getJsonArray("for").toString().contains("key version " + version),
                first::toString);
        assertTrue(waiting(first, "cryptographicAt").isNull("expected"), first::toString);

        TestHome.await(
                "only the copy of the database is waited for",
                PATIENCE,
                () -> waiting(receipt(erasure), "physicalAt").getJsonArray("for").stream()
                        .allMatch(cause -> cause.toString().contains(database)));
        assertFalse(waiting(receipt(erasure), "physicalAt").isNull("expected"));
        destroyCopy(database);
        awaitStep(erasure, "physicalAt");
        assertEquals(List.of(), tablesOfSubjectsThatWereNeverVacuumed());
        saysAgainWhatANodeThatVacuumsFewerTablesHasSaid(erasure);

        new Custodian(server).rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        new Approver(server).destroy(version);
        TestHome.await(
                "only the copy of the key store is waited for",
                PATIENCE,
                () -> waiting(receipt(erasure), "cryptographicAt").getJsonArray("for").stream()
                        .allMatch(cause -> cause.toString().contains(keyStore)));
        TestHome.pause(Duration.ofSeconds(6));
        assertTrue(receipt(erasure).isNull("cryptographicAt"));
        destroyCopy(keyStore);
        JsonObject complete = awaitStep(erasure, "cryptographicAt");
        assertTrue(complete.getJsonObject("waiting").isEmpty(), complete::toString);
        assertEquals(0, complete.getInt("registeredLater"));
        assertEquals(first.getString("evictedAt"), complete.getString("evictedAt"));

        byte[] signed = Base64.getDecoder().decode(complete.getString("signed"));
        assertTrue(verifies(complete, signed));
        assertFalse(verifies(first, signed));
        assertTrue(new String(signed, StandardCharsets.UTF_8).contains(complete.getString("cryptographicAt")));
        signed[signed.length / 2] ^= 1;
        assertFalse(verifies(complete, signed));

        register("keystore");
        assertEquals(0, receipt(erasure).getInt("registeredLater"), "taken after the destruction");
        rows.change("update vault.copy set taken_at = now() - interval '1 hour' where destroyed_at is null");
        assertEquals(1, receipt(erasure).getInt("registeredLater"), "it was begun before the destruction");
    }

    @Test
    void doesNotSayEvictedWhileARequestThatFoundTheRowsIsUnderWay() {
        Stored stored = store();
        String erasure;
        CompletableFuture<Answer> reading;
        try (var hold = SharedVault.mortal().proxy().holdAnswer("join vault.template")) {
            reading = CompletableFuture.supplyAsync(() -> server.as("reader").read(stored));
            hold.awaitHeld(PATIENCE);
            erasure = erase(stored.subject());
            TestHome.pause(Duration.ofSeconds(5));
            JsonObject receipt = receipt(erasure);
            assertTrue(receipt.isNull("evictedAt"), receipt::toString);
            assertTrue(
                    waiting(receipt, "evictedAt").getJsonArray("for").toString().contains("node-a"));
        }
        reading.join().expect(200);
        awaitStep(erasure, "evictedAt");
    }

    @Test
    void doesNotSayPhysicalWhileAnOlderSnapshotCanSeeTheRows() throws Exception {
        UUID subject = store().subject();
        rows.change("create extension if not exists pgstattuple");
        String erasure;
        try (Connection old = SharedVault.mortal().home().superuser().getConnection();
                Statement statement = old.createStatement()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("select count(*) from vault.template");
            erasure = erase(subject);
            awaitStep(erasure, "evictedAt");
            TestHome.pause(Duration.ofSeconds(6));
            assertTrue(receipt(erasure).isNull("physicalAt"));
            assertTrue(deadTuples() > 0);
            old.rollback();
        }
        awaitStep(erasure, "physicalAt");
        assertEquals(0, deadTuples());
    }

    private long deadTuples() {
        return rows.number("select sum((pgstattuple('vault.' || t)).dead_tuple_count) from unnest(array"
                + "['subject_key', 'template', 'subject_reference', 'idempotency', 'quarantine']) t");
    }

    @Test
    void namesTheNewestVersionThatAMoveMayHaveWrappedWithAndBeenRolledBack() {
        UUID subject = store().subject();
        Custodian custodian = new Custodian(server);
        String rotation;
        String erasure;
        try (var hold = SharedVault.mortal().proxy().holdStatement("update vault.subject_key k set dek_number")) {
            rotation = custodian.start(Json.createObjectBuilder().add("mode", "rewrap"));
            hold.awaitHeld(PATIENCE);
            erasure = erase(subject);
        }
        custodian.end(rotation);
        JsonObject receipt = receipt(erasure);
        assertEquals(receipt.getInt("firstKeyVersion") + 1, receipt.getInt("lastKeyVersion"), receipt::toString);
    }

    /** As in a new cluster that was made from a dump: no standby of it ever comes to a position of the old log. */
    @Test
    @Tag("nightly")
    void waitsForNoPositionInTheLogOfAnotherDatabase() {
        register("database");
        String erasure = erase(store().subject());
        String position = "select count(*) from vault.erasure_round where erasure_id = ?"
                + " and vacuumed_at_lsn < pg_current_wal_insert_lsn()";
        TestHome.await("it is vacuumed", PATIENCE, () -> rows.number(position, UUID.fromString(erasure)) == 1);
        server.kill();
        rows.change(
                "update vault.erasure_round set vacuumed_at_lsn = 'FFFFFFFF/0' where erasure_id = ?",
                UUID.fromString(erasure));
        server.start();
        TestHome.await(
                "it is a position of this log", PATIENCE, () -> rows.number(position, UUID.fromString(erasure)) == 1);
    }

    @Test
    @Tag("nightly")
    void goesOnWithTheOtherStepsAfterAVacuumThatFailed() {
        DatabaseProxy proxy = SharedVault.mortal().proxy();
        String erasure;
        try (var vacuum = proxy.holdStatement("vacuum (freeze, index_cleanup on, truncate off) vault.template")) {
            erasure = erase(store().subject());
            vacuum.awaitHeld(PATIENCE);
            vacuum.drop();
        }
        List<String> sent = proxy.during(() -> TestHome.pause(Duration.ofSeconds(8))).stream()
                .flatMap(trip -> trip.statements().stream())
                .toList();
        assertTrue(sent.stream().anyMatch(text -> text.contains("select distinct vacuumed_at_lsn")), sent::toString);
        assertFalse(sent.stream().anyMatch(text -> text.contains("vacuum (freeze")), "not again every second");
        awaitStep(erasure, "physicalAt");
    }

    /** One statement over millions of erasures takes longer than an answer is waited for. */
    @Test
    void recordsTheStepsOfManyErasuresInSlices() {
        rows.change(
                "insert into vault.erasure_round (erasure_id, round, at, first_kek_version, last_kek_version, templates,"
                        + " gone_xid) select gen_random_uuid(), 7, now(), 1, 1, 0, 1 from generate_series(1, 45000)");
        try {
            for (String step : List.of("evicted_at", "vacuumed_at", "physical_at")) {
                TestHome.await(
                        step + " is true of all",
                        PATIENCE,
                        () -> rows.number("select count(*) from vault.erasure_round where round = 7 and " + step
                                        + " is null")
                                == 0);
                assertTrue(
                        rows.number("select count(distinct " + step + ") from vault.erasure_round where round = 7")
                                >= 3,
                        step);
            }
        } finally {
            rows.change("delete from vault.erasure_round where round = 7");
        }
    }

    /** The first subject that did not open in the pass of a destruction is named there, for whoever repairs. */
    @Test
    void leavesNoNameInADestruction() {
        UUID subject = store().subject();
        rows.change(
                "insert into vault.destruction (id, version, approval_id, state, requested_by, requested_at, ended_at,"
                        + " first_refused, failure) values (gen_random_uuid(), 4711, gen_random_uuid(), 'FAILED', 'tests',"
                        + " now(), now(), ?, ?)",
                subject,
                "2 subjects have rows that do not open, the first of them " + subject + ": repair or release them");
        try {
            String erasure = erase(subject);
            awaitStep(erasure, "physicalAt");
            assertEquals(0, rows.number("select count(*) from vault.destruction where first_refused = ?", subject));
            assertEquals(
                    List.of("2 subjects have rows that do not open, the first of them one that was erased since: repair"
                            + " or release them"),
                    rows.texts("select failure from vault.destruction where version = 4711"));
        } finally {
            rows.change("delete from vault.destruction where version = 4711");
        }
    }

    /** It is signed anew each time that somebody reads it. */
    @Test
    void namesTheThousandCopiesThatLiveLongestAndCountsTheOthers() {
        rows.change("insert into vault.copy (id, kind, name, taken_at, expires_at, registered_by, registered_at)"
                + " select gen_random_uuid(), kind, 'many', now(), now() + interval '1 hour' + i * interval '1 second',"
                + " 'tests', now() from generate_series(1, 1100) i cross join (values ('wal'), ('keystore')) k(kind)");
        try {
            String erasure = erase(store().subject());
            TestHome.await(
                    "only copies are waited for",
                    PATIENCE,
                    () -> waiting(receipt(erasure), "physicalAt")
                                    .getJsonArray("for")
                                    .size()
                            == 1001);
            JsonObject receipt = receipt(erasure);
            JsonValue others = Json.createValue("and 100 more copies to expire or to be destroyed");
            JsonObject rowsGone = waiting(receipt, "physicalAt");
            assertEquals(others, rowsGone.getJsonArray("for").get(1000));
            String last = rows.texts(
                            "select to_char(max(expires_at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                                    + " from vault.copy where name = 'many'")
                    .get(0);
            assertEquals(Instant.parse(last), Instant.parse(rowsGone.getString("expected")));
            assertEquals(
                    1,
                    waiting(receipt, "cryptographicAt").getJsonArray("for").stream()
                            .filter(others::equals)
                            .count());
        } finally {
            rows.change("delete from vault.copy where name = 'many'");
        }
    }

    @Test
    void knowsOnlyTheCopiesThatAreRegistered() {
        server.as("operator")
                .post("/copies/" + UUID.randomUUID() + ":destroyed")
                .send()
                .problem(404, "copy-not-found");
    }

    @Test
    void registersNoCopyUntilATimeThatTheDatabaseCannotHold() {
        server.as("operator")
                .post("/copies")
                .json("{\"kind\":\"database\",\"name\":\"of the tests\",\"takenAt\":\"2026-01-01T00:00:00Z\","
                        + "\"expiresAt\":\"+1000000000-01-01T00:00:00Z\"}")
                .send()
                .problem(422, "invalid-field");
    }
}
