package org.templatevault.epoch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

/** Rows that do not open do not stop the epoch, and are given up only when their time is over. */
@Tag("long")
class EpochDamageIT extends EpochVault {
    private static final String FLIP_KEY =
            "update vault.subject_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where subject_id = ?";
    private static final String FLIP_REFERENCE =
            "update vault.subject_key set reference = set_byte(reference, 20, get_byte(reference, 20) # 1) where subject_id = ?";
    private static final String FLIP_TEMPLATE =
            "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1) where id = ?";

    @Tag("nightly")
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
        JsonObject pass = certificate.getJsonObject("pass");
        assertEquals(
                rows.number("select count(*) from vault.subject_key") - 1,
                pass.getInt("subjects"),
                "the one that was passed over did not open: " + pass);
        assertEquals(
                rows.number("select count(*) from vault.template where subject_id <> ?", damaged.subject()),
                pass.getInt("templates"),
                pass::toString);
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
    @Tag("nightly")
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

    /** Nobody knew of the damage when the version was left: the time for repairs begins when the pass finds it. */
    @Test
    void waitsForTheRepairOfWhatOnlyThePassHasFound() {
        UUID damaged = store(UUID.randomUUID()).subject();
        int left = new Custodian(server).rotate(Json.createObjectBuilder()).getInt("fromVersion");
        rows.change("update vault.rotation set ended_at = ended_at - interval '30 days' where ended_at is not null");
        rows.change("update vault.subject_count set at = at - interval '30 days'");
        rows.change(FLIP_KEY, damaged);
        JsonObject approval = inEffect(policy().add("quarantine", "P7D"));
        try {
            TestHome.await(
                    "it waits for the repair", PATIENCE, () -> waitingFor(left).contains("the repair of 1 subjects"));
            TestHome.pause(Duration.ofSeconds(3));
            assertTrue(waitingFor(left).contains(damaged.toString()), () -> waitingFor(left));
        } finally {
            rows.change(FLIP_KEY, damaged);
            cancel(approval.getString("id"));
        }
        TestHome.await(
                "it is given up",
                PATIENCE,
                () -> rows.number("select count(*) from vault.destruction where ended_at is null") == 0);
    }

    private String waitingFor(int version) {
        Answer destruction =
                server.as("auditor").get("/keys/" + version + "/destruction").send();
        return destruction.status() == 200
                ? destruction.json().getJsonArray("waitingFor").toString()
                : "";
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
}
