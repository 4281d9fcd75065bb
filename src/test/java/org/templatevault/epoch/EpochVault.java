package org.templatevault.epoch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A vault with an epoch that has no policy yet and an active version that is not due; afterwards all that was acknowledged opens. */
abstract class EpochVault {
    static final Duration PATIENCE = Duration.ofSeconds(90);
    static final String OPEN = "modality=IRIS&format=OPAQUE";

    final VaultServer server = SharedVault.mortal().server();
    final Rows rows = new Rows(SharedVault.mortal().home());
    final Approver approver = new Approver(server);
    final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    /** The version that is active when the test begins. */
    int version;

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

    int active() {
        return (int) rows.number("select version from vault.key_version where state = 'ACTIVE'");
    }

    void cancel(String approval) {
        server.as("key-custodian").post("/approvals/" + approval + ":cancel").send();
    }

    Stored store(UUID subject) {
        byte[] bytes = TemplateDocument.noise(400, acknowledged.size() + 1);
        Stored stored = server.as("enroller").store(subject, OPEN, bytes);
        acknowledged.put(stored, bytes);
        return stored;
    }

    static JsonObjectBuilder policy() {
        return Json.createObjectBuilder()
                .add("interval", "P1D")
                .add("wait", "PT0S")
                .add("quarantine", "PT0S")
                .add("withoutNewerBackup", true);
    }

    Answer ask(JsonObjectBuilder body) {
        return server.as("key-custodian")
                .post("/standing-policies")
                .json(body.build())
                .send();
    }

    JsonObject inEffect(JsonObjectBuilder body) {
        JsonObject approval = ask(body).expect(202).json().getJsonObject("approval");
        approver.approve(approval.getString("id"));
        return approver.get(approval.getString("id"));
    }

    void makeDue() {
        rows.change(
                "update vault.key_version set activated_at = activated_at - interval '2 days' where state = 'ACTIVE'");
    }

    JsonObject certificate(int of) {
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

    int dekNumber(UUID subject) {
        return (int) rows.number("select dek_number from vault.subject_key where subject_id = ?", subject);
    }

    long marks(UUID subject) {
        return rows.number("select count(*) from vault.reencrypt_mark where subject_id = ?", subject);
    }

    void delete(Stored stored) {
        server.as("eraser")
                .delete(stored.path())
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(204);
        acknowledged.remove(stored);
    }
}
