package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Policies;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** Retention policies: what is published, when it is in force, who decides. */
class PolicyIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final String policy = "p-" + UUID.randomUUID().toString().substring(0, 8);

    @Test
    void publishesTheDefaultPolicyToEverybodyWithoutNames() {
        JsonObject published = SharedVault.server()
                .client()
                .get("/public/retention-policy")
                .send()
                .expect(200)
                .json();
        JsonObject first = published.getJsonArray("policies").getValuesAs(JsonObject.class).stream()
                .filter(each -> each.getString("name").equals("default"))
                .findFirst()
                .orElseThrow();
        assertEquals("P3Y", first.getString("maxIdle"));
        assertFalse(published.toString().contains("publishedBy"), published::toString);
        assertEquals(120, published.getJsonObject("auditTrail").getInt("keptMonths"));
    }

    @Test
    void announcesANewPolicyBeforeItIsInForce() {
        JsonObject made = Policies.put(policy, "", Policies.terms(",\"maxAge\":\"P2Y\""))
                .expect(201)
                .json();
        Instant published = Instant.parse(made.getString("publishedAt"));
        assertEquals(published.plus(30, ChronoUnit.DAYS), Instant.parse(made.getString("inForceAt")));
        assertFalse(made.getBoolean("inForce"));
        UUID subject = Policies.enrol(policy);
        Policies.wasThere(subject, LocalDate.now(ZoneOffset.UTC).minusYears(5));
        assertFalse(Policies.subject(subject).containsKey("dueAt"));
    }

    @Test
    void putsALongerLimitInForceAtOnce() {
        Policies.make(policy, ",\"maxIdle\":\"P1Y\"");
        JsonObject longer = Policies.put(policy, "\"1\"", Policies.terms(",\"maxIdle\":\"P13M\""))
                .expect(200)
                .json();
        assertEquals(2, longer.getInt("version"));
        assertTrue(longer.getBoolean("inForce"), longer::toString);
        JsonObject none =
                Policies.put(policy, "\"2\"", Policies.terms("")).expect(200).json();
        assertTrue(none.getBoolean("inForce"), none::toString);
        assertEquals(
                3,
                as("reader")
                        .get("/policies/" + policy + "/versions")
                        .send()
                        .expect(200)
                        .json()
                        .getJsonArray("versions")
                        .size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ",\"maxIdle\":\"P1095D\",\"versionsKept\":5",
                ",\"maxIdle\":\"P2Y\",\"versionsKept\":5",
                ",\"maxIdle\":\"P3Y\",\"maxAge\":\"P90Y\",\"versionsKept\":5",
                ",\"maxIdle\":\"P3Y\",\"versionsKept\":4"
            })
    void shortensALimitWithTwoPeopleOnlyAndAfterItsPublication(String shorter) {
        Policies.make(policy, ",\"maxIdle\":\"P3Y\",\"versionsKept\":5");
        JsonObject approval = Policies.put(policy, "\"1\"", Policies.terms(shorter))
                .expect(202)
                .json();
        assertEquals("shorten-retention", approval.getString("kind"));
        assertEquals(1, newest().getInt("version"));
        Approver approver = new Approver(SharedVault.server());
        approver.approve(approval.getString("id"), "00".repeat(32)).problem(409, "request-hash-differs");
        approver.approve(approval.getString("id"));
        carryOutNow(approval);
        TestHome.await("the version is published", PATIENCE, () -> newest().getInt("version") == 2);
        assertFalse(newest().getBoolean("inForce"), () -> newest().toString());
        assertEquals(approval.getString("id"), newest().getString("approval"));
        JsonObject first = as("auditor")
                .get("/policies/" + policy + "/versions")
                .send()
                .json()
                .getJsonArray("versions")
                .getJsonObject(0);
        assertTrue(first.getBoolean("inForce"), first::toString);
    }

    @Test
    void letsTheRequesterTakeBackItsOwnRequestAndNoOther() {
        Policies.make(policy, ",\"maxIdle\":\"P3Y\"");
        String shorter = Policies.put(policy, "\"1\"", Policies.terms(",\"maxIdle\":\"P1Y\""))
                .expect(202)
                .json()
                .getString("id");
        as("operator").post("/approvals/" + shorter + ":cancel").send().problem(403, "not-own-request");
        rows.change("update vault.approval set requested_by = 'eraser-2' where id = ?", UUID.fromString(shorter));
        as("eraser").post("/approvals/" + shorter + ":cancel").send().problem(403, "not-own-request");
        rows.change("update vault.approval set requested_by = 'eraser' where id = ?", UUID.fromString(shorter));
        JsonObject taken = as("eraser")
                .post("/approvals/" + shorter + ":cancel")
                .send()
                .expect(200)
                .json();
        assertEquals("CANCELLED", taken.getString("state"));
        as("eraser").post("/approvals/" + shorter + ":cancel").send().problem(409, "approval-state");
        as("eraser").post("/approvals/" + UUID.randomUUID() + ":cancel").send().problem(404, "approval-not-found");
        assertEquals("P3Y", newest().getString("maxIdle"));
    }

    private JsonObject newest() {
        return as("auditor").get("/policies/" + policy).send().expect(200).json();
    }

    private void carryOutNow(JsonObject approval) {
        rows.change(
                "update vault.approval set not_before = now() - interval '1 second' where id = ?",
                UUID.fromString(approval.getString("id")));
    }

    @Test
    void endsAnApprovalWhosePolicyChangedMeanwhileOrWhoseWordsWereChanged() {
        Policies.make(policy, ",\"maxIdle\":\"P3Y\"");
        Approver approver = new Approver(SharedVault.server());
        JsonObject late = Policies.put(policy, "\"1\"", Policies.terms(",\"maxIdle\":\"P1Y\""))
                .expect(202)
                .json();
        JsonObject forged = Policies.put(policy, "\"1\"", Policies.terms(",\"maxIdle\":\"P2Y\""))
                .expect(202)
                .json();
        approver.approve(late.getString("id"));
        approver.approve(forged.getString("id"));
        rows.change(
                "update vault.policy_proposal set max_idle = 'P1D' where approval_id = ?",
                UUID.fromString(forged.getString("id")));
        carryOutNow(forged);
        awaitState(approver, forged, "CANCELLED");
        Policies.put(policy, "\"1\"", Policies.terms(",\"maxIdle\":\"P4Y\"")).expect(200);
        carryOutNow(late);
        awaitState(approver, late, "CANCELLED");
        assertEquals("P4Y", newest().getString("maxIdle"));
    }

    private static void awaitState(Approver approver, JsonObject approval, String state) {
        TestHome.await(
                "the approval is " + state,
                PATIENCE,
                () -> approver.get(approval.getString("id")).getString("state").equals(state));
    }

    /** A shorter version that was announced and then replaced never erases anybody. */
    @Test
    void neverPutsAVersionInForceThatWasReplacedBefore() {
        Policies.make(policy, ",\"maxIdle\":\"P3Y\"");
        rows.change(
                "update vault.policy_version set published_at = published_at - interval '40 days',"
                        + " in_force_at = in_force_at - interval '40 days' where name = ?",
                policy);
        rows.change(
                "insert into vault.policy_version select name, 2, purpose, legal_basis, max_age, 'P1D', versions_kept,"
                        + " published_by, published_at + interval '15 days', published_at + interval '45 days'"
                        + " from vault.policy_version where name = ?",
                policy);
        JsonObject third = Policies.put(policy, "\"2\"", Policies.terms(",\"maxIdle\":\"P3Y\""))
                .expect(200)
                .json();
        assertTrue(third.getBoolean("inForce"));
        rows.change(
                "update vault.policy_version set in_force_at = now() + interval '1 second' where name = ? and version = 2",
                policy);
        TestHome.pause(Duration.ofMillis(1_500));
        assertEquals(
                "3",
                rows.texts("select version from vault.policy_in_force where name = ?", policy)
                        .get(0));
    }

    @Test
    void refusesAPolicyThatIsWrongOrChangedUnseen() {
        for (String wrong : List.of(
                "{}",
                "{\"purpose\":\"\",\"legalBasis\":\"x\"}",
                "{\"purpose\":\"a \\\" b\",\"legalBasis\":\"x\"}",
                "{\"purpose\":\"a\\nb\",\"legalBasis\":\"x\"}",
                Policies.terms(",\"maxAge\":\"P0D\""),
                Policies.terms(",\"maxAge\":\"-P1Y\""),
                Policies.terms(",\"maxAge\":\"PT12H\""),
                Policies.terms(",\"maxAge\":\"P101Y\""),
                Policies.terms(",\"maxAge\":\"P99Y400M\""),
                Policies.terms(",\"maxIdle\":\"3 years\""),
                Policies.terms(",\"maxIdle\":3"),
                Policies.terms(",\"versionsKept\":0"),
                Policies.terms(",\"versionsKept\":1001"),
                Policies.terms(",\"owner\":\"x\""))) {
            Policies.put(policy, "", wrong).problem(422, "invalid-field");
        }
        Policies.put(policy, "\"1\"", Policies.terms("")).problem(404, "policy-not-found");
        Policies.make(policy, "");
        Policies.put(policy, "", Policies.terms("")).problem(428, "if-match-missing");
        Policies.put(policy, "\"2\"", Policies.terms("")).problem(412, "stale-version");
        Policies.put("Policy", "", Policies.terms("")).expect(404);
        as("reader").get("/policies/nobody").send().problem(404, "policy-not-found");
    }
}
