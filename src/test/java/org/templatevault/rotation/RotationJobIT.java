package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.BatchApi;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.DatabaseProxy.RoundTrip;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** What an operator can do to a rotation's job past the vault, in the server's own API and pages. */
class RotationJobIT {
    private static final int SUBJECTS = 40;
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SUBJECTS_OF_TWO_LOADS = 90;
    private static final String LOAD = "with leaks as materialized";

    private final VaultServer server = SharedVault.mortal().server();
    private final DatabaseProxy proxy = SharedVault.mortal().proxy();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Custodian custodian = new Custodian(server);
    private final BatchApi batch = new BatchApi(server);

    @BeforeEach
    void enrol() {
        enrol(SUBJECTS);
    }

    private void enrol(int subjects) {
        for (int i = 0; i < subjects; i++) {
            server.as("enroller").store(UUID.randomUUID(), OPEN, TemplateDocument.noise(300 + i, i));
        }
    }

    private String running() {
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 10));
        TestHome.await("some are moved", PATIENCE, () -> custodian.get(rotation).getInt("done") > 0);
        return rotation;
    }

    private void drained(String rotation) {
        custodian.drain(rotation);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    @Test
    void showsItsJobToTheOperatorInTheServersOwnBatchApi() {
        String rotation = running();
        List<JsonObject> live = batch.live();
        assertEquals(1, live.size(), live::toString);
        assertEquals("rotation", live.get(0).getString("jobName"));
        String owner = live.get(0).getString("serverId");
        assertTrue(owner.startsWith("node-a/"), () -> "no other node may take it for its own: " + owner);
        for (String role : List.of("enroller", "reader", "eraser", "auditor", "approver", "key-custodian")) {
            int status = server.as(role)
                    .callOutside("GET", BatchApi.INSTANCES)
                    .send()
                    .status();
            assertTrue(status == 401 || status == 403, () -> role + " gets " + status);
        }
        assertEquals(
                401,
                server.client().callOutside("GET", BatchApi.INSTANCES).send().status());
        drained(rotation);
    }

    @Tag("nightly")
    @Test
    void pausesWhenItsJobIsStoppedThereAndGoesOnWhenItIsRestartedThere() {
        String rotation = running();
        long execution = batch.live().get(0).getJsonNumber("executionId").longValue();
        long instance = batch.newestInstance();
        batch.stop(execution);
        custodian.await(rotation, "PAUSED");
        int done = custodian.get(rotation).getInt("done");
        TestHome.pause(Duration.ofMillis(2500));
        assertEquals("PAUSED", custodian.get(rotation).getString("state"));
        batch.restart(execution);
        TestHome.await("it goes on", PATIENCE, () -> custodian.get(rotation).getInt("done") > done);
        drained(rotation);
        // A checkpoint that stands too far would leave subjects to another job.
        assertEquals(instance, batch.newestInstance());
    }

    /** Before the vault takes it for stopped by a person, for which it waits: the whole server may be stopping. */
    @Tag("nightly")
    @Test
    void pausesWhenItsJobIsStoppedThereAndPurged() {
        String rotation = running();
        batch.stop(batch.live().get(0).getJsonNumber("executionId").longValue());
        TestHome.await("its job has stopped", PATIENCE, () -> batch.live().isEmpty());
        batch.purge(batch.newestInstance());
        custodian.await(rotation, "PAUSED");
        custodian.steer(rotation, "resume").expect(200);
        drained(rotation);
    }

    /** All subjects are one page, and its rows are loaded some at a time: the stop comes between the first and the next. */
    @Test
    void keepsItsCheckpointAtTheLastSubjectThatWasMovedWhenItsJobIsStoppedInsideAPage() {
        enrol(SUBJECTS_OF_TWO_LOADS);
        String rotation;
        long execution;
        try (Hold first = proxy.holdStatement(LOAD)) {
            rotation = custodian.start();
            first.awaitHeld(PATIENCE);
            try (Hold next = proxy.holdStatement(LOAD)) {
                first.release();
                next.awaitHeld(PATIENCE);
                execution = batch.live().get(0).getJsonNumber("executionId").longValue();
                batch.stop(execution);
            }
        }
        TestHome.await("its job has stopped", PATIENCE, () -> batch.live().isEmpty());
        JsonObject stopped = custodian.get(rotation);
        assertTrue(stopped.getInt("done") > 0 && stopped.getInt("remaining") > 0, stopped::toString);
        assertEquals(
                List.of("t"),
                rows.texts("select reached_id = (select subject_id from vault.subject_key"
                        + " where kek_version = (select max(version) from vault.key_version)"
                        + " order by subject_id desc limit 1) from vault.rotation_range where rotation_id = '"
                        + rotation + "'"));
        long instance = batch.newestInstance();
        batch.restart(execution);
        drained(rotation);
        assertEquals(instance, batch.newestInstance());
    }

    @Test
    void changesNothingWhenItsJobIsSubmittedThereWithMadeUpParameters() {
        String ended = custodian.rotate(Json.createObjectBuilder()).getString("id");
        Map<String, String> before = contents();
        long newest = batch.newestInstance();
        List<JsonObjectBuilder> madeUp = List.of(
                Json.createObjectBuilder(),
                Json.createObjectBuilder().add("rotation", UUID.randomUUID().toString()),
                Json.createObjectBuilder().add("rotation", "' or 1=1 --"),
                Json.createObjectBuilder().add("rotation", ended).add("state", "REENCRYPTING"));
        for (JsonObjectBuilder parameters : madeUp) {
            batch.submit(parameters);
        }
        assertTrue(batch.newestInstance() >= newest + 4);
        TestHome.await("the submitted jobs ended", PATIENCE, () -> batch.live().isEmpty());
        TestHome.pause(Duration.ofMillis(1500));
        assertEquals(before, contents());
        assertEquals("DRAINED", custodian.get(ended).getString("state"));
    }

    @Test
    void isNotDisturbedByASecondJobThatIsSubmittedWhileItRuns() {
        String rotation = running();
        batch.submit(Json.createObjectBuilder().add("rotation", rotation));
        TestHome.await("the submitted job ended", PATIENCE, () -> batch.live().size() <= 1);
        drained(rotation);
    }

    /**
     * A digest of each table but those that are renewed all the time, and the audit trail: what was asked before is
     * sealed into a block meanwhile.
     */
    private Map<String, String> contents() {
        Map<String, String> digests = new TreeMap<>();
        for (String table : rows.texts("select tablename from pg_tables where schemaname = 'vault'"
                + " and tablename not like 'audit%'"
                + " and tablename not in ('lease', 'node', 'wrap_count', 'subject_count')")) {
            digests.put(
                    table,
                    rows.texts("select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from vault." + table
                                    + " t")
                            .get(0));
        }
        digests.put(
                "subject_count",
                rows.texts(
                                "select string_agg(kek_version || kind || n, ',' order by kek_version, kind) from"
                                        + " (select kek_version, kind, sum(subjects) n from vault.subject_count group by 1, 2) s")
                        .get(0));
        return digests;
    }

    /** Its pages ask for the user by a form of their own, which an Authorization header does not replace. */
    @Test
    void letsTheOperatorIntoTheAdminCenter() throws IOException {
        Answer form = server.client()
                .callOutside("GET", "/adminCenter/login.jsp")
                .send()
                .expect(200);
        String csrf = form.cookies().replaceAll(".*csrfToken=([^;]*).*", "$1");
        String fields = "j_username=operator&j_password=" + password("operator") + "&X-CSRF-Token=" + csrf;
        Answer signedIn = server.client()
                .callOutside("POST", "/adminCenter/j_security_check")
                .header("Cookie", form.cookies())
                .body("application/x-www-form-urlencoded", fields.getBytes(StandardCharsets.UTF_8))
                .send()
                .expect(302);
        for (String page : List.of("/adminCenter/", "/ibm/adminCenter/javaBatch-1.0/")) {
            server.client()
                    .callOutside("GET", page)
                    .header("Cookie", signedIn.cookies())
                    .send()
                    .expect(200);
            int stranger = server.client().callOutside("GET", page).send().status();
            assertTrue(stranger == 302 || stranger == 401, () -> page + " answers " + stranger + " to a stranger");
        }
    }

    private String password(String user) throws IOException {
        Properties credentials = new Properties();
        try (var reader = Files.newBufferedReader(server.home().directory().resolve("credentials.properties"))) {
            credentials.load(reader);
        }
        return credentials.getProperty(user);
    }

    /** They come before the others, as what an earlier job has moved does; one search looks at 20,000. */
    @Test
    void passesManySubjectsThatNeedNoMoveInManySteps() {
        rows.change("insert into vault.subject_key select (json_populate_record(k, json_build_object('subject_id',"
                + " '00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'), 'kek_version', k.kek_version + 1))).*"
                + " from vault.subject_key k, generate_series(1, 45000) n where k.subject_id = (select subject_id"
                + " from vault.subject_key where kek_version ="
                + " (select version from vault.key_version where state = 'ACTIVE') limit 1)");
        try {
            List<RoundTrip> trips = proxy.during(() -> {
                String rotation = custodian.start();
                JsonObject ended = custodian.end(rotation);
                assertEquals("DRAINED", ended.getString("state"), ended::toString);
            });
            long steps = trips.stream()
                    .flatMap(trip -> trip.statements().stream())
                    .filter(sql -> sql.contains("offset"))
                    .filter(sql -> sql.contains("from vault.subject_key where subject_id >"))
                    .count();
            assertEquals(3, steps, "two windows without a subject to move, and the end");
        } finally {
            rows.change("delete from vault.subject_key where subject_id < '00000000-0000-0000-0001-000000000000'");
        }
        assertEquals(List.of(), Invariants.broken(rows));
    }
}
