package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** kill -9 before each statement of an erasure, of its receipt's steps and of an epoch. */
@Tag("chaos")
class ErasureCrashIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String OPEN = "modality=IRIS&format=OPAQUE";

    private static TestHome home;
    private static DatabaseProxy proxy;
    private static VaultServer server;
    private static Rows rows;
    private static final Map<Stored, byte[]> kept = new LinkedHashMap<>();

    @BeforeAll
    static void start() {
        home = TestHome.create("erasure-crash");
        rows = new Rows(home);
        proxy = DatabaseProxy.before(home.database().port());
        server = VaultServer.on(home)
                .through(proxy)
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                .variable("VAULT_ERASURE_VACUUM_MINUTES", "0")
                .start();
        for (int i = 0; i < 10; i++) {
            byte[] bytes = TemplateDocument.noise(300, i);
            kept.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    @AfterAll
    static void stop() {
        server.close();
        home.close();
    }

    @AfterEach
    void everybodyElseIsThere() {
        kept.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private static Stored store() {
        return server.as("enroller").store(UUID.randomUUID(), OPEN, TemplateDocument.noise(500, 99));
    }

    private static Answer erase(UUID subject) {
        return server.as("eraser").erase(subject, "retention");
    }

    /** Nobody waits for the answer: the server is killed before it comes. */
    private static void eraseInBackground(UUID subject) {
        Thread thread = new Thread(() -> erase(subject), "lost-erasure");
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((lost, connectionLost) -> {});
        thread.start();
    }

    private static void killAt(String statement, Runnable begin) {
        try (var hold = proxy.holdStatement(statement)) {
            begin.run();
            hold.awaitHeld(PATIENCE);
            server.kill();
        }
        server.start();
    }

    private static JsonObject receipt(String erasure) {
        return server.as("auditor")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete from vault.subject_key",
                "select max(version) from vault.key_version",
                "delete from vault.template",
                "delete from vault.subject_reference",
                "update vault.idempotency set subject_id",
                "update vault.idempotency_item set subject_id",
                "insert into vault.erasure ",
                "insert into vault.erased_subject",
                "insert into vault.erasure_round",
                "delete from vault.quarantine where subject_id = $1",
                "delete from vault.reencrypt_mark"
            })
    void leavesAllOfASubjectOfWhichAnErasureDidNotEnd(String statement) {
        Stored stored = store();
        killAt(statement, () -> eraseInBackground(stored.subject()));
        server.as("reader").read(stored).expect(200);
        assertEquals(
                0,
                rows.number("select count(*) from vault.erasure e where not exists"
                        + " (select 1 from vault.erased_subject s where s.erasure_id = e.id)"));
        erase(stored.subject()).expect(202);
        server.as("reader").read(stored).problem(410, "subject-erased");
    }

    /** The commit is on its way: whichever way it went, nothing is half. */
    @ParameterizedTest
    @ValueSource(strings = {"delete from vault.reencrypt_mark"})
    void leavesNothingHalfWhenTheCommitIsUnderWay(String last) {
        Stored stored = store();
        try (var hold = proxy.holdStatementAfter(last, "commit")) {
            eraseInBackground(stored.subject());
            hold.awaitHeld(PATIENCE);
            server.kill();
        }
        server.start();
        int status = server.as("reader").read(stored).status();
        long left = rows.number("select count(*) from vault.subject_key where subject_id = ?", stored.subject());
        assertTrue((status == 200 && left == 1) || (status == 410 && left == 0), () -> status + ", " + left + " rows");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "set evicted_at = now()",
                "vacuum (freeze, index_cleanup on, truncate off) vault.template",
                "set vacuumed_at = now()",
                "set physical_at = now()"
            })
    void recordsAStepThatAKillPrevented(String statement) {
        Stored stored = store();
        String[] erasure = new String[1];
        if (statement.contains("evicted_at")) {
            erasure[0] = erase(stored.subject()).expect(202).json().getString("id");
            killAt(statement, () -> {});
        } else {
            killAt(
                    statement,
                    () -> erasure[0] =
                            erase(stored.subject()).expect(202).json().getString("id"));
        }
        TestHome.await(
                "the receipt says evicted and physical",
                PATIENCE,
                () -> !receipt(erasure[0]).isNull("evictedAt")
                        && !receipt(erasure[0]).isNull("physicalAt"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into vault.rotation ",
                "insert into vault.key_version",
                "insert into vault.key_material",
                "update vault.key_version set state = 'active'",
                "update vault.rotation r set state = 'activated'",
                "update vault.subject_key k set dek_number",
                "update vault.service_key",
                "insert into vault.destruction",
                "update vault.destruction set reached_id",
                "update vault.destruction set state = 'waiting'",
                "delete from vault.key_material",
                "set gone_at_lsn",
                "insert into vault.certificate",
                "set cryptographic_at = now()"
            })
    void endsAnEpochThatAKillInterrupted(String statement) {
        int version = (int) rows.number("select version from vault.key_version where state = 'ACTIVE'");
        String erasure = erase(store().subject()).expect(202).json().getString("id");
        String approval = server.as("key-custodian")
                .post("/standing-policies")
                .json("{\"interval\":\"P1D\",\"wait\":\"PT0S\",\"withoutNewerBackup\":true}")
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id");
        new Approver(server).approve(approval);
        killAt(
                statement,
                () -> rows.change("update vault.key_version set activated_at = activated_at - interval '2 days'"
                        + " where state = 'ACTIVE'"));
        TestHome.await(
                "the version is destroyed",
                PATIENCE,
                () -> server.as("auditor")
                                .get("/keys/" + version + "/certificate")
                                .send()
                                .status()
                        == 200);
        TestHome.await(
                "the receipt says cryptographic",
                PATIENCE,
                () -> !receipt(erasure).isNull("cryptographicAt"));
        server.as("key-custodian").post("/approvals/" + approval + ":cancel").send();
        TestHome.await(
                "no version before the active one is left",
                PATIENCE,
                () -> rows.number("select count(*) from vault.key_version where state not in ('ACTIVE', 'DESTROYED')")
                        <= 1);
    }
}
