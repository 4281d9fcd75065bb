package org.templatevault.epoch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** The epoch under its standing policy. A test makes it due by making the active version old. */
@Tag("long")
class EpochIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final String FLIP_KEY =
            "update vault.subject_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where subject_id = ?";
    private static final String FLIP_REFERENCE =
            "update vault.subject_key set reference = set_byte(reference, 20, get_byte(reference, 20) # 1) where subject_id = ?";
    private static final String FLIP_TEMPLATE =
            "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1) where id = ?";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Approver approver = new Approver(server);
    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private int version;

    @BeforeEach
    void begin() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
        version = active();
    }

    @AfterEach
    void endThePolicyAndOpenEverything() {
        rows.texts(
                        "select id::text from vault.approval where kind = 'standing-policy' and state in ('REQUESTED', 'APPROVED')")
                .forEach(this::cancel);
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private int active() {
        return (int) rows.number("select version from vault.key_version where state = 'ACTIVE'");
    }

    private void cancel(String approval) {
        server.as("key-custodian").post("/approvals/" + approval + ":cancel").send();
    }

    private Stored store(UUID subject) {
        byte[] bytes = TemplateDocument.noise(400, acknowledged.size() + 1);
        Stored stored = server.as("enroller").store(subject, OPEN, bytes);
        acknowledged.put(stored, bytes);
        return stored;
    }

    private static JsonObjectBuilder policy() {
        return Json.createObjectBuilder()
                .add("interval", "P1D")
                .add("wait", "PT0S")
                .add("quarantine", "PT0S")
                .add("withoutNewerBackup", true);
    }

    private Answer ask(JsonObjectBuilder body) {
        return server.as("key-custodian")
                .post("/standing-policies")
                .json(body.build())
                .send();
    }

    private JsonObject inEffect(JsonObjectBuilder body) {
        JsonObject approval = ask(body).expect(202).json().getJsonObject("approval");
        approver.approve(approval.getString("id"));
        return approver.get(approval.getString("id"));
    }

    private void makeDue() {
        rows.change(
                "update vault.key_version set activated_at = activated_at - interval '2 days' where state = 'ACTIVE'");
    }

    private JsonObject certificate(int of) {
        TestHome.await(
                "version " + of + " is destroyed",
                PATIENCE,
                () -> server.as("auditor")
                                .get("/keys/" + of + "/certificate")
                                .send()
                                .status()
                        == 200);
        return server.as("auditor")
                .get("/keys/" + of + "/certificate")
                .send()
                .expect(200)
                .json()
                .getJsonObject("certificate");
    }

    private int dekNumber(UUID subject) {
        return (int) rows.number("select dek_number from vault.subject_key where subject_id = ?", subject);
    }

    private long marks(UUID subject) {
        return rows.number("select count(*) from vault.reencrypt_mark where subject_id = ?", subject);
    }

    private void delete(Stored stored) {
        server.as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(204);
        acknowledged.remove(stored);
    }

    private String erase(UUID subject) {
        return server.as("eraser")
                .erase(subject, "data-subject-request")
                .expect(202)
                .json()
                .getString("id");
    }

    @Test
    void movesEverybodyDestroysTheVersionBeforeAndCompletesTheReceipt() {
        UUID plain = store(UUID.randomUUID()).subject();
        UUID marked = store(UUID.randomUUID()).subject();
        delete(store(marked));
        UUID erased = server.as("enroller")
                .store(UUID.randomUUID(), OPEN, new byte[] {1})
                .subject();
        String erasure = erase(erased);
        int[] before = {dekNumber(plain), dekNumber(marked)};
        assertEquals(1, marks(marked));
        JsonObject approval = inEffect(policy());
        JsonObject receipt = server.as("eraser")
                .get("/erasures/" + erasure)
                .send()
                .expect(200)
                .json();
        assertFalse(
                receipt.getJsonObject("waiting")
                        .getJsonObject("cryptographicAt")
                        .isNull("expected"),
                receipt::toString);
        makeDue();
        JsonObject certificate = certificate(version);
        assertTrue(certificate.getBoolean("standing"), certificate::toString);
        assertEquals(approval.getString("requestHash"), certificate.getString("requestHash"));
        assertEquals("approver", certificate.getString("approvedBy"));
        assertEquals(version + 1, active());
        assertEquals(before[0], dekNumber(plain));
        assertEquals(before[1] + 1, dekNumber(marked));
        assertEquals(0, marks(marked));
        TestHome.await(
                "the receipt says so",
                PATIENCE,
                () -> !server.as("eraser")
                        .get("/erasures/" + erasure)
                        .send()
                        .json()
                        .isNull("cryptographicAt"));
        JsonObject schedule = server.as("operator").schedule("epoch");
        assertTrue(Instant.parse(schedule.getString("nextDueAt")).isAfter(Instant.now()), schedule::toString);
    }

    @Test
    void isNotStoppedByRowsThatDoNotOpen() {
        UUID lost = server.as("enroller")
                .store(UUID.randomUUID(), OPEN, new byte[] {1})
                .subject();
        rows.change(FLIP_KEY, lost);
        Stored damaged = store(UUID.randomUUID());
        Stored intact = store(damaged.subject());
        delete(store(damaged.subject()));
        int dekNumber = dekNumber(damaged.subject());
        rows.change(FLIP_TEMPLATE, damaged.template());
        inEffect(policy().add("quarantine", "PT8S"));
        makeDue();
        TestHome.await(
                "the lost key is in quarantine",
                PATIENCE,
                () -> rows.number("select count(*) from vault.quarantine where subject_id = ?", lost) == 1);
        server.as("reader").get("/subjects/" + lost).send().expect(200);
        JsonObject certificate = certificate(version);
        assertEquals(1, certificate.getInt("released"), certificate::toString);
        assertEquals(1, certificate.getInt("passedOver"), certificate::toString);
        server.as("reader").get("/subjects/" + lost).send().problem(410, "subject-erased");
        assertEquals(
                1,
                rows.number("select count(*) from vault.erasure where released and requested_by = 'vault: epoch'"
                        + " and kek_version = " + version));
        server.as("reader").read(damaged).problem(500, "integrity-failure");
        server.as("reader").read(intact).expect(200);
        assertEquals(dekNumber, dekNumber(damaged.subject()));
        assertEquals(1, marks(damaged.subject()), "it could not be re-encrypted and keeps its mark");
        rows.change(FLIP_TEMPLATE, damaged.template());
        new Custodian(server).rotate(Json.createObjectBuilder());
        assertEquals(0, marks(damaged.subject()));
    }

    /** Nobody has asked for a retry: the key is tried once more before its subject would be given up. */
    @Test
    void movesASubjectWhoseKeyWasRepairedBeforeItsTimeWasOver() {
        UUID repaired = store(UUID.randomUUID()).subject();
        Stored deleted = store(repaired);
        Stored damaged = server.as("enroller").store(repaired, OPEN, new byte[] {1});
        delete(deleted);
        rows.change(FLIP_TEMPLATE, damaged.template());
        rows.change(FLIP_KEY, repaired);
        inEffect(policy().add("quarantine", "PT8S"));
        makeDue();
        TestHome.await(
                "the key is in quarantine",
                PATIENCE,
                () -> rows.number("select count(*) from vault.quarantine where subject_id = ?", repaired) == 1);
        rows.change(FLIP_KEY, repaired);
        JsonObject certificate = certificate(version);
        assertEquals(0, certificate.getInt("released"), certificate::toString);
        assertEquals(
                List.of(damaged.template().toString()),
                rows.texts("select template_id::text from vault.quarantine where subject_id = ?", repaired),
                "its key has left, and what was found then has come");
        rows.change(FLIP_TEMPLATE, damaged.template());
        assertEquals(active(), rows.number("select kek_version from vault.subject_key where subject_id = ?", repaired));
    }

    /** Its key opens, and what stands under it: only its reference is lost. */
    @Test
    void givesUpNobodyWhoseReferenceIsDamaged() {
        UUID subject = UUID.fromString(server.as("enroller")
                .post("/subjects")
                .json(Json.createObjectBuilder()
                        .add("reference", "somebody " + UUID.randomUUID())
                        .build())
                .send()
                .expect(201)
                .json()
                .getString("id"));
        store(subject);
        delete(store(subject));
        rows.change(FLIP_REFERENCE, subject);
        inEffect(policy());
        makeDue();
        JsonObject certificate = certificate(version);
        assertEquals(0, certificate.getInt("released"), certificate::toString);
        assertEquals(1, marks(subject), "it could not be re-encrypted and keeps its mark");
        rows.change(FLIP_REFERENCE, subject);
        new Custodian(server).rotate(Json.createObjectBuilder());
        assertEquals(0, marks(subject));
    }

    @Test
    void marksASubjectWhoseVersionsAreTrimmedOrDeletedAndNoOther() {
        Stored stored = server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {1});
        for (int i = 1; i <= 9; i++) {
            replace(stored, i);
        }
        assertEquals(0, marks(stored.subject()));
        replace(stored, 10);
        assertEquals(1, marks(stored.subject()));
        int before = dekNumber(stored.subject());
        new Custodian(server).rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        assertEquals(before + 1, dekNumber(stored.subject()));
        assertEquals(0, marks(stored.subject()));
    }

    private void replace(Stored stored, int present) {
        server.as("enroller")
                .put(stored.path() + "?" + OPEN)
                .header("If-Match", "\"" + present + "\"")
                .octets(new byte[] {(byte) present})
                .send()
                .expect(200);
    }

    /** The deletion comes after the move has read the subject and before it writes it. */
    @Test
    void reencryptsASubjectOfWhichSomethingIsDeletedDuringTheMove() {
        UUID subject = store(UUID.randomUUID()).subject();
        Stored deleted = store(subject);
        int before = dekNumber(subject);
        Custodian custodian = new Custodian(server);
        String rotation;
        try (var hold = SharedVault.mortal().proxy().holdStatement("update vault.subject_key k set dek_number")) {
            rotation = custodian.start(Json.createObjectBuilder().add("mode", "rewrap"));
            hold.awaitHeld(PATIENCE);
            delete(deleted);
        }
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
        assertEquals(before + 1, dekNumber(subject));
        assertEquals(0, marks(subject));
    }

    @Test
    void isOffWithoutAPolicyAndAfterItWasCancelled() {
        store(UUID.randomUUID());
        JsonObject approval = inEffect(policy().add("interval", "P3D"));
        cancel(approval.getString("id"));
        makeDue();
        makeDue();
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals(version, active());
        JsonObject schedule = server.as("operator").schedule("epoch");
        assertFalse(schedule.getBoolean("enabled"), schedule::toString);
    }

    @Test
    void isOffWhileThePolicyIsNotWhatWasApproved() {
        JsonObject approval = inEffect(policy());
        UUID id = UUID.fromString(approval.getString("id"));
        rows.change("update vault.standing_policy set quarantine_ms = 1 where approval_id = ?", id);
        makeDue();
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals(version, active());
        assertFalse(newestPolicy().getBoolean("inEffect"));
        rows.change("update vault.standing_policy set quarantine_ms = 0 where approval_id = ?", id);
        assertTrue(newestPolicy().getBoolean("inEffect"));
        certificate(version);
    }

    private JsonObject newestPolicy() {
        return server.as("auditor")
                .get("/standing-policies")
                .send()
                .expect(200)
                .json()
                .getJsonArray("policies")
                .getJsonObject(0);
    }

    @Test
    void waitsForTheTimeAndTheBackupsThatThePolicyNames() {
        inEffect(policy().add("wait", "PT1H").add("withoutNewerBackup", false));
        makeDue();
        TestHome.await("the pass has ended", PATIENCE, () -> state().equals("WAITING"));
        JsonObject destruction = destruction().json();
        assertEquals(3, destruction.getJsonArray("waitingFor").size(), destruction::toString);
        String approval = destruction.getJsonObject("approval").getString("id");
        cancel(approval);
        TestHome.await("it is cancelled", PATIENCE, () -> state().equals("CANCELLED"));
        assertEquals(
                "DEACTIVATED",
                server.as("auditor").get("/keys/" + version).send().json().getString("state"));
    }

    /** The cancellation has begun before the wrapped key goes, and commits when that could be gone. */
    @Test
    void destroysNothingOnceItIsCancelled() throws SQLException {
        inEffect(policy().add("withoutNewerBackup", false));
        makeDue();
        TestHome.await("the pass has ended", PATIENCE, () -> state().equals("WAITING"));
        String approval = destruction().json().getJsonObject("approval").getString("id");
        try (Connection cancelling = server.home().superuser().getConnection();
                Statement statement = cancelling.createStatement()) {
            cancelling.setAutoCommit(false);
            statement.executeUpdate(
                    "update vault.approval set state = 'CANCELLED', ended_at = now() where id = '" + approval + "'");
            List.of("database", "keystore")
                    .forEach(kind -> server.as("operator").registerCopy(kind, Instant.now()));
            TestHome.pause(Duration.ofSeconds(4));
            cancelling.commit();
        }
        TestHome.await("it is cancelled", PATIENCE, () -> state().equals("CANCELLED"));
        assertEquals(1, rows.number("select count(*) from vault.key_material where version = ?", version));
    }

    private Answer destruction() {
        return server.as("auditor").get("/keys/" + version + "/destruction").send();
    }

    private String state() {
        Answer answer = destruction();
        return answer.status() == 200 ? answer.json().getString("state") : "";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"interval\":\"soon\"}",
                "{\"interval\":\"P367D\"}",
                "{\"interval\":\"PT0S\"}",
                "{\"wait\":\"-PT1S\"}",
                "{\"quarantine\":\"P400D\"}",
                "{\"rate\":0}",
                "{\"expiresAt\":\"2020-01-01T00:00:00Z\"}",
                "{\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
                "{\"other\":1}"
            })
    void refusesAPolicyThatMakesNoSense(String body) {
        server.as("key-custodian").post("/standing-policies").json(body).send().problem(422, "invalid-field");
    }
}
