package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.DatabaseProxy.RoundTrip;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** What the console reads of the vault, by HTTP. */
class OverviewIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(20, 1);

    private final Rows rows = new Rows(SharedVault.server().home());

    private static JsonObject overview() {
        return as("operator").get("/overview").send().expect(200).json();
    }

    private static List<String> attention() {
        return overview().getJsonArray("attention").getValuesAs(JsonObject.class).stream()
                .map(one -> one.getString("code"))
                .toList();
    }

    private static void awaitAttention(String code, boolean there) {
        TestHome.await(
                code + (there ? " is told" : " is told no more"),
                java.time.Duration.ofSeconds(20),
                () -> attention().contains(code) == there);
    }

    private static UUID enrolled() {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, TEMPLATE);
        return subject;
    }

    @Test
    void countsSubjectsByKeyVersionAndTemplatesExactlyWhileTheyAreFew() {
        enrolled();
        TestHome.await("the counts are those of the tables", java.time.Duration.ofSeconds(20), () -> {
            JsonObject seen = overview();
            long byVersion = seen.getJsonArray("keys").getValuesAs(JsonObject.class).stream()
                    .mapToLong(key -> key.getInt("subjects"))
                    .sum();
            return seen.getJsonObject("templates").getBoolean("exact")
                    && seen.getJsonObject("templates").getInt("rows")
                            == rows.number("select count(*) from vault.template")
                    && seen.getInt("subjects") == rows.number("select count(*) from vault.subject_key")
                    && byVersion == seen.getInt("subjects");
        });
    }

    @Test
    void tellsTheEstimateWhereTemplatesAreMany() {
        rows.change("update pg_class set reltuples = 20000 where oid = 'vault.template'::regclass");
        try {
            TestHome.await("the estimate is told", java.time.Duration.ofSeconds(20), () -> {
                JsonObject templates = overview().getJsonObject("templates");
                return !templates.getBoolean("exact") && templates.getInt("rows") == 20_000;
            });
        } finally {
            rows.change("analyze vault.template");
        }
    }

    @Test
    void namesTheNodesAndTheKeyStore() {
        JsonObject seen = overview();
        JsonArray nodes = seen.getJsonArray("nodes");
        assertTrue(
                nodes.getValuesAs(JsonObject.class).stream()
                        .anyMatch(node ->
                                node.getString("name").equals(seen.getString("node")) && node.getBoolean("alive")),
                nodes::toString);
        assertTrue(seen.getJsonArray("keyStores").getJsonObject(0).getBoolean("reachable"));
    }

    @Test
    void countsItsOwnRequestsByTheMinuteAndNamesNobodyInThem() {
        for (int i = 0; i < 5; i++) {
            as("operator").get("/rotations/" + UUID.randomUUID()).send().expect(404);
        }
        JsonArray minutes = overview().getJsonArray("minutes");
        assertEquals(60, minutes.size());
        long refused = minutes.getValuesAs(JsonObject.class).stream()
                .mapToLong(minute -> minute.getInt("refused"))
                .sum();
        assertTrue(refused >= 5, minutes::toString);
        assertFalse(minutes.toString().contains("operator"));
    }

    @Test
    void readsThePictureOnceHoweverOftenItIsAskedFor() {
        overview();
        List<RoundTrip> trips = SharedVault.proxy().during(() -> {
            for (int i = 0; i < 5; i++) {
                overview();
            }
        });
        long reads = trips.stream()
                .flatMap(trip -> trip.statements().stream())
                .filter(sql -> sql.contains("from vault.template limit"))
                .count();
        assertTrue(reads <= 2, trips::toString);
    }

    @Test
    void tellsThatTheTrailWasVerifiedAndWhatCameOfIt() {
        as("auditor").post("/audit:verify").send().expect(200);
        awaitAttention("trail-not-verified", false);
        JsonObject verification = overview().getJsonObject("verification");
        assertEquals("auditor", verification.getString("caller"));
        assertTrue(verification.getInt("blocks") > 0);
    }

    @Tag("nightly")
    @Test
    void wantsTheTrailVerifiedAgainAfterAWeek() {
        as("auditor").post("/audit:verify").send().expect(200);
        rows.change("update vault.audit_verification set at = at - interval '8 days'");
        awaitAttention("trail-not-verified", true);
        as("auditor").post("/audit:verify").send().expect(200);
        awaitAttention("trail-not-verified", false);
    }

    @Test
    void tellsOfAVerificationThatFoundSomething() {
        rows.change("insert into vault.audit_verification values (?, now(), 'auditor', 3, 1, 1, 1)", UUID.randomUUID());
        awaitAttention("trail-damaged", true);
        as("auditor").post("/audit:verify").send().expect(200);
    }

    @Test
    void tellsOfARequestThatWaitsForAnotherPerson() {
        String approval = as("key-custodian")
                .post("/standing-policies")
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id");
        awaitAttention("approvals-waiting", true);
        as("approver").post("/approvals/" + approval + ":reject").send().expect(200);
    }

    @Test
    void listsTheNewestErasuresWithTheirTimes() {
        UUID subject = enrolled();
        String erasure = as("eraser")
                .erase(subject, "consent-withdrawn")
                .expect(202)
                .json()
                .getString("id");
        JsonObject first = as("auditor")
                .get("/erasures/recent")
                .send()
                .expect(200)
                .json()
                .getJsonArray("erasures")
                .getJsonObject(0);
        assertEquals(erasure, first.getString("id"));
        assertFalse(first.isNull("logicalAt"));
        assertTrue(first.isNull("cryptographicAt"));
    }

    @Test
    void listsAHoldOnlyWhileItIsInForce() {
        UUID subject = enrolled();
        String path = "/subjects/" + subject + "/hold";
        as("eraser").put(path).header("X-Reason", "Case 1").send().expect(200);
        assertTrue(as("auditor").get("/holds").send().expect(200).text().contains(subject.toString()));
        as("eraser").delete(path).header("X-Reason", "Over").send().expect(204);
        assertFalse(as("auditor").get("/holds").send().expect(200).text().contains(subject.toString()));
    }

    @Test
    void listsAnErasureOfManyAmongTheJobsWithItsDuration() {
        UUID subject = enrolled();
        String id = as("eraser")
                .post("/erasures")
                .header("X-Reason", "consent-withdrawn")
                .json("{\"subjects\":[\"" + subject + "\"]}")
                .send()
                .expect(202)
                .json()
                .getString("id");
        TestHome.await(
                "the job has ended",
                java.time.Duration.ofSeconds(30),
                () -> as("operator")
                        .get("/jobs")
                        .send()
                        .expect(200)
                        .json()
                        .getJsonArray("jobs")
                        .getValuesAs(JsonObject.class)
                        .stream()
                        .anyMatch(job -> job.getString("id").equals(id)
                                && job.getString("state").equals("DONE")
                                && job.getInt("done") == 1
                                && job.containsKey("tookMillis")));
    }

    @Test
    void refusesACursorThatIsNone() {
        as("auditor").get("/erasures/recent?cursor=x").send().problem(422, "invalid-field");
        as("auditor").get("/holds?cursor=x").send().problem(422, "invalid-field");
    }
}
