package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SmallDisk;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;
import org.templatevault.testing.WrongClock;

/** What a host does to the vault: the disk is full, under the trail alone and under all tables; the clock is set back. */
@Tag("long")
@Tag("nightly")
class HostIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String OPEN = "modality=FINGERPRINT&format=OPAQUE";
    /** More requests than the pages that are there already have room for. */
    private static final int UNTIL_FULL = 5_000;

    private static TestHome home;
    private static VaultServer server;
    private static Rows rows;
    private static Optional<WrongClock> clock = Optional.empty();

    @BeforeAll
    static void start() {
        home = TestHome.create("host");
        rows = new Rows(home);
        server = VaultServer.on(home);
        clock = WrongClock.in(home.directory());
        clock.ifPresent(wrong -> server.environment("LD_PRELOAD", wrong.preload()));
        server.start();
    }

    @AfterAll
    static void stop() {
        server.close();
        home.close();
    }

    private static VaultClient as(String role) {
        return server.as(role);
    }

    private static Stored store() {
        return as("enroller").store(UUID.randomUUID(), OPEN, TEMPLATE);
    }

    private static JsonObject awaitIntact() {
        TestHome.await(
                "nothing waits for a block", SOON, () -> rows.number("select count(*) from vault.audit_pending") == 0);
        JsonObject report = as("auditor")
                .post("/audit:verify")
                .json("{}")
                .send()
                .expect(200)
                .json();
        assertTrue(report.getBoolean("intact"), report::toString);
        return report;
    }

    // The disk is full

    @Test
    void refusesEverythingWhileTheTrailsDiskIsFullAndGoesOnByItself() {
        isRefusedWhileFull("alter table %s set tablespace small", "^audit_(entry|pending)", 16);
    }

    @Test
    void refusesEverythingWhileTheDatabasesDiskIsFullAndGoesOnByItself() {
        isRefusedWhileFull("alter table %s set tablespace small", "", 96);
    }

    private static void isRefusedWhileFull(String move, String tables, int mebibytes) {
        Optional<SmallDisk> mounted = SmallDisk.mount(mebibytes);
        assumeTrue(mounted.isPresent(), "only root may mount a small file system");
        SmallDisk disk = mounted.get();
        List<Stored> acknowledged = new ArrayList<>();
        acknowledged.add(store());
        Stored kept = acknowledged.get(0);
        Stored toErase = store();
        try {
            rows.change("create tablespace small location '" + disk.directory() + "'");
            moveTables(move, tables, "small");
            disk.fill();
            awaitRefusal(acknowledged);
            isRefused(kept, toErase);
            disk.makeRoom();
            TestHome.await(
                    "it serves again by itself",
                    SOON,
                    () -> as("reader").read(kept).status() == 200);
            acknowledged.add(store());
            acknowledged.forEach(stored -> assertArrayEquals(
                    TEMPLATE, as("reader").read(stored).expect(200).bytes()));
            as("reader").read(toErase).expect(200);
            assertEquals(List.of(), Invariants.broken(rows));
            awaitIntact();
        } finally {
            disk.makeRoom();
            moveTables(move, tables, "pg_default");
            rows.change("drop tablespace if exists small");
            disk.close();
        }
    }

    private static void moveTables(String move, String tables, String to) {
        rows.texts(
                        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                                + " where n.nspname = 'vault' and c.relkind = 'r' and c.relname ~ ?",
                        tables)
                .forEach(table -> rows.change(String.format(move, table).replace("small", to)));
        rows.texts(
                        "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid"
                                + " join pg_namespace n on n.oid = c.relnamespace"
                                + " where n.nspname = 'vault' and c.relkind = 'r' and c.relname ~ ?",
                        tables)
                .forEach(index -> rows.change("alter index " + index + " set tablespace " + to));
    }

    /** Until the pages that are there already are full, too, requests are answered, and count. */
    private static void awaitRefusal(List<Stored> acknowledged) {
        for (int i = 0; i < UNTIL_FULL; i++) {
            Stored stored = new Stored(UUID.randomUUID(), UUID.randomUUID());
            Answer answer = as("enroller")
                    .post("/subjects/" + stored.subject() + "/templates?" + OPEN)
                    .octets(TEMPLATE)
                    .send();
            if (answer.status() != 201) {
                answer.problem(503, "database-full");
                return;
            }
            acknowledged.add(
                    new Stored(stored.subject(), UUID.fromString(answer.json().getString("template"))));
        }
        throw new AssertionError("The disk does not become full");
    }

    private static void isRefused(Stored kept, Stored toErase) {
        long subjects = rows.number("select count(*) from vault.subject_key");
        long templates = rows.number("select count(*) from vault.template");
        Answer read = untilRefused(() -> as("reader").read(kept));
        assertFalse(new String(read.bytes(), StandardCharsets.ISO_8859_1)
                .contains(new String(TEMPLATE, StandardCharsets.ISO_8859_1)));
        assertTrue(Integer.parseInt(read.header("Retry-After")) > 0, read::toString);
        untilRefused(() -> as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "support")
                .json("{\"items\":[{\"subject\":\"" + kept.subject() + "\",\"template\":\"" + kept.template() + "\"}]}")
                .send());
        as("enroller")
                .post("/subjects/" + UUID.randomUUID() + "/templates?" + OPEN)
                .octets(TEMPLATE)
                .send()
                .problem(503, "database-full");
        as("eraser")
                .delete("/subjects/" + toErase.subject())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .problem(503, "database-full");
        assertEquals(subjects, rows.number("select count(*) from vault.subject_key"));
        assertEquals(templates, rows.number("select count(*) from vault.template"));
    }

    /** What is asked for takes the last room that is left; a read is refused by the trail, in which it must be first. */
    private static Answer untilRefused(Supplier<Answer> request) {
        Answer answer = request.get();
        for (int i = 0; answer.status() < 400 && i < UNTIL_FULL; i++) {
            answer = request.get();
        }
        answer.problem(503, "audit-unavailable");
        return answer;
    }

    // The clock is set back

    @Test
    void keepsTheOrderOfEntriesAndTheirProofWhenItsClockIsSetBack() throws Exception {
        assumeTrue(clock.isPresent(), "there is no gcc for a clock that can be set");
        WrongClock wrong = clock.get();
        Stored before = store();
        as("reader").read(before).expect(200);
        awaitIntact();
        long last = rows.number("select max(number) from vault.audit_block");
        wrong.set(Duration.ofHours(-2));
        TestHome.await(
                "the server's clock is two hours back",
                SOON,
                () -> atOf(store()).isBefore(Instant.now().minus(Duration.ofMinutes(119))));
        Stored after = store();
        as("reader").read(before).expect(200);
        as("reader").read(after).expect(200);
        awaitIntact();
        assertTrue(
                rows.number("select count(*) from vault.audit_block_entry m join vault.audit_entry e on e.at = m.at"
                                + " and e.id = m.entry where m.block > " + last
                                + " and e.at < now() - interval '119 minutes'")
                        >= 3,
                "entries of the clock that was set back are in later blocks");
        assertEquals(
                0,
                rows.number("select count(*) from vault.audit_block_entry m join vault.audit_entry e on e.at = m.at"
                        + " and e.id = m.entry where m.block <= " + last
                        + " and e.at < now() - interval '119 minutes'"));
        wrong.set(Duration.ZERO);
        Stored again = store();
        as("reader").read(again).expect(200);
        awaitIntact();
        String erased = as("eraser")
                .delete("/subjects/" + after.subject())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(202)
                .json()
                .getString("id");
        TestHome.await(
                "the eviction is confirmed by transaction ids",
                SOON,
                () -> !as("auditor")
                        .get("/erasures/" + erased)
                        .send()
                        .expect(200)
                        .json()
                        .isNull("evictedAt"));
        awaitIntact();
        assertEquals(List.of(), Invariants.broken(rows));
    }

    /** What cannot be undone must not come earlier because one node believes that it is next week. */
    @Test
    void leavesAloneWhatDependsOnTimesWhileItsClockIsFarFromTheDatabases() {
        assumeTrue(clock.isPresent(), "there is no gcc for a clock that can be set");
        WrongClock wrong = clock.get();
        Custodian custodian = new Custodian(server);
        Approver approver = new Approver(server);
        String waits = exposure();
        String rotation;
        wrong.set(Duration.ofDays(8));
        try {
            TestHome.await("the node says so", SOON, () -> overview().contains("\"node-clock\""));
            rotation = custodian.start(Json.createObjectBuilder());
            assertEquals("REQUESTED", approver.get(waits).getString("state"), "it ends in seven days");
            JsonObject approved = approver.approve(exposure());
            Instant decided = Instant.parse(approved.getString("decidedAt"));
            assertTrue(decided.isBefore(Instant.now().plusSeconds(60)), approved::toString);
            TestHome.pause(Duration.ofSeconds(4));
            assertEquals("REQUESTED", custodian.get(rotation).getString("state"));
        } finally {
            wrong.set(Duration.ZERO);
        }
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
        TestHome.await("all is well again", SOON, () -> !overview().contains("\"node-clock\""));
    }

    /** A backup must not count as newer than the last row of a version because one node believes that it is later. */
    @Test
    void datesCopiesAndTheEndsOfRotationsByTheDatabasesClock() {
        assumeTrue(clock.isPresent(), "there is no gcc for a clock that can be set");
        WrongClock wrong = clock.get();
        Custodian custodian = new Custodian(server);
        Duration ahead = Duration.ofMinutes(10);
        wrong.set(ahead);
        try {
            TestHome.await("the node says so", SOON, () -> overview().contains("\"node-clock\""));
            register(Instant.now().plus(ahead)).problem(422, "invalid-field");
            JsonObject copy = register(Instant.now()).expect(201).json();
            isNotInTheFuture(copy.getString("registeredAt"));
            String rotation = custodian.start(Json.createObjectBuilder());
            custodian.steer(rotation, "cancel").expect(200);
            isNotInTheFuture(custodian.get(rotation).getString("endedAt"));
        } finally {
            wrong.set(Duration.ZERO);
        }
        TestHome.await("all is well again", SOON, () -> !overview().contains("\"node-clock\""));
    }

    private static Answer register(Instant takenAt) {
        return as("operator")
                .post("/copies")
                .json(Json.createObjectBuilder()
                        .add("kind", "database")
                        .add("name", "of the tests")
                        .add("takenAt", takenAt.toString())
                        .add("expiresAt", takenAt.plus(Duration.ofDays(1)).toString())
                        .build())
                .send();
    }

    private static void isNotInTheFuture(String time) {
        assertEquals(List.of("t"), rows.texts("select ?::timestamptz <= now()", time));
    }

    private static String exposure() {
        return as("key-custodian")
                .post("/keys/1/exposure")
                .send()
                .expect(202)
                .json()
                .getString("id");
    }

    private static String overview() {
        return as("operator").get("/overview").send().expect(200).text();
    }

    // A month is to be made

    @Test
    void letsNobodyWaitBehindTheMakingOfAMonthWhileSomebodyReadsTheTrail() throws Exception {
        String month = rows.texts("select to_char(date_trunc('month', now() at time zone 'UTC') + interval '3 months',"
                        + " '_YYYY_MM')")
                .get(0);
        String made = "select to_regclass('vault.audit_entry" + month + "') is not null";
        try (Connection reader = home.superuser().getConnection();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            rows.change("drop table vault.audit_entry" + month + ", vault.audit_block_entry" + month);
            statement.execute("select 1 from vault.audit_entry limit 1");
            assertTimeoutPreemptively(SOON, () -> rows.texts("select vault.make_audit_months()"));
            assertEquals(List.of("f"), rows.texts(made));
            store();
            reader.rollback();
        }
        rows.texts("select vault.make_audit_months()");
        assertEquals(List.of("t"), rows.texts(made));
    }

    private static Instant atOf(Stored stored) {
        return Instant.parse(rows.texts(
                        "select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                                + " from vault.template where subject_id = ?",
                        stored.subject())
                .get(0));
    }
}
