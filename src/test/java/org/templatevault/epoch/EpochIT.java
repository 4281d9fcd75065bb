package org.templatevault.epoch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** The epoch under its standing policy. A test makes it due by making the active version old. */
@Tag("long")
class EpochIT extends EpochVault {
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
        assertTrue(
                approval.getString("request").contains("No newer registered backup is waited for"), approval::toString);
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

    /** To stop the epoch, the policy that is in effect is cancelled: the one that it had replaced must not take its place. */
    @Test
    void isOffAfterThePolicyWasCancelledThatReplacedAnother() {
        inEffect(policy());
        JsonObject second = inEffect(policy().add("interval", "P3D"));
        makeDue();
        TestHome.pause(Duration.ofSeconds(2));
        assertEquals(version, active(), "it is old enough for the first one only");
        cancel(second.getString("id"));
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals(version, active());
        assertFalse(server.as("operator").schedule("epoch").getBoolean("enabled"));
    }

    /** It was approved so late that its waiting time outlasted it. */
    @Test
    void isNotEndedByAPolicyThatNeverCameIntoEffect() {
        JsonObject first = inEffect(policy().add("interval", "P3D"));
        JsonObject second = inEffect(policy().add("interval", "P4D"));
        rows.change(
                "update vault.approval set not_before = now() - interval '1 minute',"
                        + " expires_at = now() - interval '2 minutes' where id = ?",
                UUID.fromString(second.getString("id")));
        assertEquals(
                first.getString("id"), server.as("operator").schedule("epoch").getString("policy"));
    }

    @Test
    void givesUpADestructionUnderAPolicyThatWasReplaced() {
        inEffect(policy().add("wait", "PT1H"));
        makeDue();
        TestHome.await("the pass has ended", PATIENCE, () -> state().equals("WAITING"));
        inEffect(policy().add("wait", "PT2H"));
        TestHome.await("it is given up", PATIENCE, () -> state().equals("CANCELLED"));
        assertEquals("Another policy has come into effect", destruction().json().getString("failure"));
        assertEquals(1, rows.number("select count(*) from vault.key_material where version = ?", version));
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
                "{\"withoutNewerBackup\":\"true\"}",
                "{\"expiresAt\":\"2020-01-01T00:00:00Z\"}",
                "{\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
                "{\"other\":1}"
            })
    void refusesAPolicyThatMakesNoSense(String body) {
        server.as("key-custodian").post("/standing-policies").json(body).send().problem(422, "invalid-field");
    }
}
