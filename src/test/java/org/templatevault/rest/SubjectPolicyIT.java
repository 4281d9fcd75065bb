package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Policies;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;

/** Which policy a subject has, and what it says of the subject. */
class SubjectPolicyIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    private final Rows rows = new Rows(SharedVault.server().home());
    private final String policy = "p-" + UUID.randomUUID().toString().substring(0, 8);

    private static LocalDate today() {
        return LocalDate.now(ZoneOffset.UTC);
    }

    @Test
    void givesAPolicyAtEnrolmentHoweverItIsDone() {
        Policies.make(policy, "");
        assertEquals(policy, Policies.subject(Policies.enrol(policy)).getString("policy"));
        JsonObject made = as("enroller")
                .post("/subjects")
                .json("{\"policy\":\"" + policy + "\"}")
                .send()
                .expect(201)
                .json();
        assertEquals(
                policy, Policies.subject(UUID.fromString(made.getString("id"))).getString("policy"));
        UUID json = UUID.randomUUID();
        as("enroller")
                .post("/subjects/" + json + "/templates")
                .json("{\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\",\"policy\":\"" + policy + "\"}")
                .send()
                .expect(201);
        assertEquals(policy, Policies.subject(json).getString("policy"));
        UUID other = UUID.randomUUID();
        as("enroller").store(other, TEMPLATE);
        assertEquals("default", Policies.subject(other).getString("policy"));
        assertEquals(today(), Policies.lastThere(other));
    }

    @Test
    void refusesAnUnknownPolicyAndOneThatAKnownSubjectDoesNotHave() {
        Policies.make(policy, "");
        UUID unknown = UUID.randomUUID();
        as("enroller").post("/subjects").json("{\"policy\":\"c4n4ry\"}").send().problem(422, "invalid-field");
        as("enroller")
                .post("/subjects")
                .json("{\"policy\":\"a\\u0000\"}")
                .send()
                .problem(422, "invalid-field");
        as("enroller")
                .post("/subjects/" + unknown + "/templates" + OPEN + "&policy=c4n4ry")
                .octets(TEMPLATE)
                .send()
                .problem(422, "invalid-field");
        as("auditor").get("/subjects/" + unknown).send().problem(404);
        UUID known = Policies.enrol("default");
        as("enroller")
                .post("/subjects/" + known + "/templates" + OPEN + "&policy=" + policy)
                .octets(TEMPLATE)
                .send()
                .problem(409, "policy-differs");
        as("enroller")
                .put("/subjects/" + known + "/templates/" + UUID.randomUUID() + OPEN + "&policy=default")
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .problem(422, "invalid-field");
        String reference = "{\"reference\":\"" + UUID.randomUUID() + "\"";
        as("enroller").post("/subjects").json(reference + "}").send().expect(201);
        as("enroller")
                .post("/subjects")
                .json(reference + ",\"policy\":\"" + policy + "\"}")
                .send()
                .problem(409, "policy-differs");
    }

    private static String item(UUID subject, String policy) {
        String named = policy.isEmpty() ? "" : ",\"policy\":\"" + policy + "\"";
        return "{\"subject\":\"" + subject + "\",\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\"" + named
                + "}";
    }

    @Test
    void letsTheFirstItemOfABatchThatNamesAPolicyChooseIt() {
        Policies.make(policy, "");
        UUID chosen = UUID.randomUUID();
        UUID refused = UUID.randomUUID();
        UUID known = Policies.enrol("default");
        List<Integer> statuses = as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":["
                        + String.join(
                                ",",
                                item(chosen, ""),
                                item(chosen, policy),
                                item(chosen, "default"),
                                item(refused, "c4n4ry\\u0000"),
                                item(refused, ""),
                                item(known, "default"),
                                item(known, policy),
                                item(known, "c4n4ry"))
                        + "]}")
                .send()
                .expect(200)
                .json()
                .getJsonArray("results")
                .getValuesAs(JsonObject.class)
                .stream()
                .map(result -> result.getInt("status"))
                .toList();
        assertEquals(List.of(201, 201, 409, 422, 422, 201, 409, 422), statuses);
        assertEquals(policy, Policies.subject(chosen).getString("policy"));
        as("auditor").get("/subjects/" + refused).send().problem(404);
        assertEquals(
                0,
                rows.number(
                        "select count(*) from vault.subject_key k where subject_id in (?, ?) and stored_bytes <>"
                                + " (select sum(octet_length(envelope)) from vault.template t where t.subject_id = k.subject_id)",
                        chosen,
                        known));
    }

    @Test
    void changesASubjectsPolicyBySayingSoOnly() {
        Policies.make(policy, ",\"maxIdle\":\"P1Y\"");
        UUID subject = Policies.enrol("default");
        Answer changed = as("eraser")
                .put("/subjects/" + subject + "/policy")
                .header("If-Match", "\"1\"")
                .json("{\"policy\":\"" + policy + "\"}")
                .send()
                .expect(204);
        assertEquals("\"2\"", changed.header("ETag"));
        JsonObject now = Policies.subject(subject);
        assertEquals(policy, now.getString("policy"));
        assertEquals(today().plusYears(1).toString(), now.getString("dueAt"));
        for (String ifMatch : List.of("\"1\"", "\"3\"")) {
            as("eraser")
                    .put("/subjects/" + subject + "/policy")
                    .header("If-Match", ifMatch)
                    .json("{\"policy\":\"default\"}")
                    .send()
                    .problem(412);
        }
        as("eraser")
                .put("/subjects/" + subject + "/policy")
                .header("If-Match", "\"2\"")
                .json("{\"policy\":\"c4n4ry\"}")
                .send()
                .problem(422, "invalid-field");
        assertEquals(2, Policies.subject(subject).getInt("revision"));
    }

    @Test
    void keepsAsManyVersionsAsThePolicySaysWhereThatIsLess() {
        Policies.make(policy, ",\"versionsKept\":2");
        Stored stored = new Stored(
                Policies.enrol(policy),
                UUID.fromString(rows.texts("select id from vault.template order by created_at desc limit 1")
                        .get(0)));
        Stored other = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        for (int version = 1; version <= 3; version++) {
            replace(stored, version);
            replace(other, version);
        }
        String count = "select count(*) from vault.template where id = ?";
        assertEquals(2, rows.number(count, stored.template()));
        assertEquals(4, rows.number(count, other.template()));
    }

    private static void replace(Stored stored, int version) {
        as("enroller")
                .put(stored.path() + OPEN)
                .header("If-Match", "\"" + version + "\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
    }

    @Test
    void saysWhenASubjectIsDue() {
        Policies.make(policy, ",\"maxIdle\":\"P1Y\",\"maxAge\":\"P5Y\"");
        UUID subject = Policies.enrol(policy);
        LocalDate day = LocalDate.of(today().getYear() - 1, 2, 28);
        Policies.wasThere(subject, day);
        rows.change("update vault.policy_version set in_force_at = '2001-01-01' where name = ?", policy);
        assertEquals(
                day.plus(Period.ofYears(1)).toString(),
                Policies.subject(subject).getString("dueAt"));
    }
}
