package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Approver;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Answer;
import org.templatevault.testing.VaultClient.Stored;

/** Policies, who has which, and the days on which persons were there. */
class RetentionIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Rows rows = new Rows(SharedVault.server().home());
    private final String policy = "p-" + UUID.randomUUID().toString().substring(0, 8);

    private static LocalDate today() {
        return LocalDate.now(ZoneOffset.UTC);
    }

    private static Answer put(String name, String ifMatch, String json) {
        var call = as("eraser").put("/policies/" + name).json(json);
        return (ifMatch.isEmpty() ? call : call.header("If-Match", ifMatch)).send();
    }

    private static String terms(String more) {
        return "{\"purpose\":\"Access\",\"legalBasis\":\"Consent\"" + more + "}";
    }

    private JsonObject make(String more) {
        JsonObject made = put(policy, "", terms(more)).expect(201).json();
        rows.change("update vault.policy_version set in_force_at = published_at where name = ?", policy);
        return made;
    }

    private static JsonObject subject(UUID subject) {
        return as("auditor").get("/subjects/" + subject).send().expect(200).json();
    }

    private void wasThere(UUID subject, LocalDate day) {
        assertEquals(
                1,
                rows.change(
                        "update vault.subject_retention set last_interaction_on = ?, enrolled_on = ? where subject_id = ?",
                        day,
                        day,
                        subject));
    }

    private LocalDate lastThere(UUID subject) {
        return LocalDate.parse(
                rows.texts("select last_interaction_on from vault.subject_retention where subject_id = ?", subject)
                        .get(0));
    }

    // Policies

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
        JsonObject made =
                put(policy, "", terms(",\"maxAge\":\"P2Y\"")).expect(201).json();
        Instant published = Instant.parse(made.getString("publishedAt"));
        assertEquals(published.plus(30, ChronoUnit.DAYS), Instant.parse(made.getString("inForceAt")));
        assertFalse(made.getBoolean("inForce"));
        UUID subject = enrol(policy);
        wasThere(subject, today().minusYears(5));
        assertFalse(subject(subject).containsKey("dueAt"));
    }

    @Test
    void putsALongerLimitInForceAtOnce() {
        make(",\"maxIdle\":\"P1Y\"");
        JsonObject longer =
                put(policy, "\"1\"", terms(",\"maxIdle\":\"P13M\"")).expect(200).json();
        assertEquals(2, longer.getInt("version"));
        assertTrue(longer.getBoolean("inForce"), longer::toString);
        JsonObject none = put(policy, "\"2\"", terms("")).expect(200).json();
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
        make(",\"maxIdle\":\"P3Y\",\"versionsKept\":5");
        JsonObject approval = put(policy, "\"1\"", terms(shorter)).expect(202).json();
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
        make(",\"maxIdle\":\"P3Y\"");
        String shorter = put(policy, "\"1\"", terms(",\"maxIdle\":\"P1Y\""))
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
        make(",\"maxIdle\":\"P3Y\"");
        Approver approver = new Approver(SharedVault.server());
        JsonObject late =
                put(policy, "\"1\"", terms(",\"maxIdle\":\"P1Y\"")).expect(202).json();
        JsonObject forged =
                put(policy, "\"1\"", terms(",\"maxIdle\":\"P2Y\"")).expect(202).json();
        approver.approve(late.getString("id"));
        approver.approve(forged.getString("id"));
        rows.change(
                "update vault.policy_proposal set max_idle = 'P1D' where approval_id = ?",
                UUID.fromString(forged.getString("id")));
        carryOutNow(forged);
        awaitState(approver, forged, "CANCELLED");
        put(policy, "\"1\"", terms(",\"maxIdle\":\"P4Y\"")).expect(200);
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
        make(",\"maxIdle\":\"P3Y\"");
        rows.change(
                "update vault.policy_version set published_at = published_at - interval '40 days',"
                        + " in_force_at = in_force_at - interval '40 days' where name = ?",
                policy);
        rows.change(
                "insert into vault.policy_version select name, 2, purpose, legal_basis, max_age, 'P1D', versions_kept,"
                        + " published_by, published_at + interval '15 days', published_at + interval '45 days'"
                        + " from vault.policy_version where name = ?",
                policy);
        JsonObject third =
                put(policy, "\"2\"", terms(",\"maxIdle\":\"P3Y\"")).expect(200).json();
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
                terms(",\"maxAge\":\"P0D\""),
                terms(",\"maxAge\":\"-P1Y\""),
                terms(",\"maxAge\":\"PT12H\""),
                terms(",\"maxAge\":\"P101Y\""),
                terms(",\"maxAge\":\"P99Y400M\""),
                terms(",\"maxIdle\":\"3 years\""),
                terms(",\"maxIdle\":3"),
                terms(",\"versionsKept\":0"),
                terms(",\"versionsKept\":1001"),
                terms(",\"owner\":\"x\""))) {
            put(policy, "", wrong).problem(422, "invalid-field");
        }
        put(policy, "\"1\"", terms("")).problem(404, "policy-not-found");
        make("");
        put(policy, "", terms("")).problem(428, "if-match-missing");
        put(policy, "\"2\"", terms("")).problem(412, "stale-version");
        put("Policy", "", terms("")).expect(404);
        as("reader").get("/policies/nobody").send().problem(404, "policy-not-found");
    }

    // Who has which

    private UUID enrol(String name) {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, "modality=FINGERPRINT&format=OPAQUE&policy=" + name, TEMPLATE);
        return subject;
    }

    @Test
    void givesAPolicyAtEnrolmentHoweverItIsDone() {
        make("");
        assertEquals(policy, subject(enrol(policy)).getString("policy"));
        JsonObject made = as("enroller")
                .post("/subjects")
                .json("{\"policy\":\"" + policy + "\"}")
                .send()
                .expect(201)
                .json();
        assertEquals(policy, subject(UUID.fromString(made.getString("id"))).getString("policy"));
        UUID json = UUID.randomUUID();
        as("enroller")
                .post("/subjects/" + json + "/templates")
                .json("{\"modality\":\"FACE\",\"format\":\"OPAQUE\",\"data\":\"QUJD\",\"policy\":\"" + policy + "\"}")
                .send()
                .expect(201);
        assertEquals(policy, subject(json).getString("policy"));
        UUID other = UUID.randomUUID();
        as("enroller").store(other, TEMPLATE);
        assertEquals("default", subject(other).getString("policy"));
        assertEquals(today(), lastThere(other));
    }

    @Test
    void refusesAnUnknownPolicyAndOneThatAKnownSubjectDoesNotHave() {
        make("");
        UUID unknown = UUID.randomUUID();
        as("enroller").post("/subjects").json("{\"policy\":\"c4n4ry\"}").send().problem(422, "invalid-field");
        as("enroller")
                .post("/subjects/" + unknown + "/templates" + OPEN + "&policy=c4n4ry")
                .octets(TEMPLATE)
                .send()
                .problem(422, "invalid-field");
        as("auditor").get("/subjects/" + unknown).send().problem(404);
        UUID known = enrol("default");
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
        make("");
        UUID chosen = UUID.randomUUID();
        UUID refused = UUID.randomUUID();
        UUID known = enrol("default");
        List<Integer> statuses = as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":["
                        + String.join(
                                ",",
                                item(chosen, ""),
                                item(chosen, policy),
                                item(chosen, "default"),
                                item(refused, "c4n4ry"),
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
        assertEquals(policy, subject(chosen).getString("policy"));
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
        make(",\"maxIdle\":\"P1Y\"");
        UUID subject = enrol("default");
        Answer changed = as("eraser")
                .put("/subjects/" + subject + "/policy")
                .header("If-Match", "\"1\"")
                .json("{\"policy\":\"" + policy + "\"}")
                .send()
                .expect(204);
        assertEquals("\"2\"", changed.header("ETag"));
        JsonObject now = subject(subject);
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
        assertEquals(2, subject(subject).getInt("revision"));
    }

    @Test
    void keepsAsManyVersionsAsThePolicySaysWhereThatIsLess() {
        make(",\"versionsKept\":2");
        Stored stored = new Stored(
                enrol(policy),
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

    // Interactions

    private static void read(Stored stored, String purpose) {
        assertArrayEquals(
                TEMPLATE,
                as("reader")
                        .get(stored.path() + "/content")
                        .header("X-Purpose", purpose)
                        .header("Accept", "application/octet-stream")
                        .send()
                        .expect(200)
                        .bytes());
    }

    private void awaitThereToday(UUID subject) {
        TestHome.await("the day is written", PATIENCE, () -> lastThere(subject).equals(today()));
    }

    @Test
    void isNotMovedByAHundredLoadsOfMachines() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        Stored witness = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        LocalDate before = today().minusDays(400);
        wasThere(stored.subject(), before);
        wasThere(witness.subject(), before);
        String batch =
                "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}]}";
        for (int i = 0; i < 100; i++) {
            switch (i % 4) {
                case 0 -> read(stored, "identification");
                case 1 -> read(stored, "migration");
                case 2 -> read(stored, "support");
                default ->
                    as("reader")
                            .post("/templates:batchGet")
                            .header("X-Purpose", "verification")
                            .json(batch)
                            .send()
                            .expect(200);
            }
        }
        as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":[" + item(stored.subject(), "") + "]}")
                .send()
                .expect(200);
        as("reader").get(stored.path() + "/versions").send().expect(200);
        // What was noted before is written by then: the witness was read after all of it.
        read(witness, "verification");
        awaitThereToday(witness.subject());
        assertEquals(before, lastThere(stored.subject()));
    }

    @Test
    void isMovedByAVerificationAndByAnEnrolmentOnceADay() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        String written = "select xmin::text from vault.subject_retention where subject_id = ?";
        wasThere(stored.subject(), today().minusDays(3));
        read(stored, "verification");
        awaitThereToday(stored.subject());
        List<String> once = rows.texts(written, stored.subject());
        read(stored, "verification");
        interact(stored.subject()).expect(204);
        as("enroller").store(stored.subject(), TEMPLATE);
        Stored witness = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        wasThere(witness.subject(), today().minusDays(3));
        as("enroller").store(witness.subject(), TEMPLATE);
        awaitThereToday(witness.subject());
        assertEquals(once, rows.texts(written, stored.subject()));
        assertEquals(2, subject(stored.subject()).getInt("revision"));
    }

    private static Answer interact(UUID subject) {
        return as("reader").post("/subjects/" + subject + ":interaction").send();
    }

    @Test
    void isMovedBySomebodyWhoWorksFromACopy() {
        UUID subject = enrol("default");
        wasThere(subject, today().minusDays(30));
        interact(subject).expect(204);
        assertEquals(today(), lastThere(subject));
        interact(UUID.randomUUID()).problem(404, "subject-not-found");
        as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "retention")
                .send()
                .expect(202);
        interact(subject).problem(410, "subject-erased");
        assertEquals(0, rows.number("select count(*) from vault.subject_retention where subject_id = ?", subject));
    }

    /** As the rows stand when the clock was set back over midnight: the later day stays. */
    @Test
    void isNeverMovedBackByAClockThatWasSetBack() {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        LocalDate ahead = today().plusDays(1);
        wasThere(stored.subject(), ahead);
        read(stored, "verification");
        interact(stored.subject()).expect(204);
        assertEquals(ahead, lastThere(stored.subject()));
    }

    // Versions

    private static byte[] content(Stored stored, String query) {
        return as("reader")
                .get(stored.path() + "/content" + query)
                .header("X-Purpose", "support")
                .header("Accept", "application/octet-stream")
                .send()
                .expect(200)
                .bytes();
    }

    private static Answer restore(Stored stored, int version, String ifMatch) {
        var call = as("enroller").post(stored.path() + "/versions/" + version + ":restore");
        return (ifMatch.isEmpty() ? call : call.header("If-Match", ifMatch)).send();
    }

    @Test
    void restoresAnOldVersionAsANewOne() {
        UUID subject = UUID.randomUUID();
        Stored stored = as("enroller")
                .store(
                        subject,
                        "modality=FINGERPRINT&format=OPAQUE&quality=71&extractorName=old&extractorVersion=1",
                        TEMPLATE);
        byte[] newer = IsoTemplates.fingerprint(41, 2);
        as("enroller")
                .put(stored.path() + OPEN + "&extractorName=new&extractorVersion=2")
                .header("If-Match", "\"1\"")
                .octets(newer)
                .send()
                .expect(200);
        restore(stored, 1, "").problem(428, "if-match-missing");
        restore(stored, 1, "\"1\"").problem(412, "stale-version");
        restore(stored, 9, "\"2\"").problem(404, "template-not-found");
        JsonObject restored = restore(stored, 1, "\"2\"").expect(200).json();
        assertEquals(3, restored.getInt("version"));
        assertEquals(71, restored.getInt("quality"));
        assertArrayEquals(TEMPLATE, content(stored, ""));
        assertArrayEquals(newer, content(stored, "?version=2"));
        assertArrayEquals(TEMPLATE, content(stored, "?version=1"));
        List<JsonObject> versions = as("reader")
                .get(stored.path() + "/versions")
                .send()
                .expect(200)
                .json()
                .getJsonArray("templates")
                .getValuesAs(JsonObject.class);
        assertEquals(
                List.of(3, 2, 1),
                versions.stream().map(v -> v.getInt("version")).toList());
        assertEquals(
                List.of("old", "new", "old"),
                versions.stream()
                        .map(v -> v.getJsonObject("extractor").getString("name"))
                        .toList());
        assertTrue(versions.stream().allMatch(v -> v.getString("createdBy").equals("enroller")));
        assertTrue(Instant.parse(versions.get(0).getString("createdAt"))
                .isAfter(Instant.parse(versions.get(2).getString("createdAt"))));
        assertEquals(
                rows.number("select sum(octet_length(envelope)) from vault.template where subject_id = ?", subject),
                rows.number("select stored_bytes from vault.subject_key where subject_id = ?", subject));
    }

    @Test
    void namesTheTemplatesThatOutdatedExtractorsMade() {
        String name = "x" + UUID.randomUUID().toString().substring(0, 8);
        Stored outdated = made(name, "1.0");
        Stored replaced = made(name, "1.0");
        made(name, "2.0");
        as("enroller")
                .put(replaced.path() + OPEN + "&extractorName=" + name + "&extractorVersion=2.0")
                .header("If-Match", "\"1\"")
                .octets(TEMPLATE)
                .send()
                .expect(200);
        JsonObject asked = extractors(name, "0.9", "1.0");
        List<JsonObject> found =
                outdated(asked).expect(200).json().getJsonArray("templates").getValuesAs(JsonObject.class);
        assertEquals(1, found.size(), found::toString);
        assertEquals(outdated.subject().toString(), found.get(0).getString("subject"));
        assertEquals("1.0", found.get(0).getJsonObject("extractor").getString("version"));
        JsonObject after = Json.createObjectBuilder(asked)
                .add("cursor", outdated.subject() + "." + outdated.template())
                .build();
        assertEquals(
                JsonValue.EMPTY_JSON_ARRAY, outdated(after).expect(200).json().getJsonArray("templates"));
        for (String wrong : List.of(
                "{}",
                "{\"extractors\":[]}",
                "{\"extractors\":[{\"name\":\"a\"}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[]}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[1]}]}",
                "{\"extractors\":[{\"name\":\"a\",\"versions\":[\"1\"]}],\"cursor\":\"x\"}")) {
            as("auditor").post("/templates:outdated").json(wrong).send().problem(422, "invalid-field");
        }
    }

    private static Answer outdated(JsonObject body) {
        return as("auditor").post("/templates:outdated").json(body).send();
    }

    private static JsonObject extractors(String name, String... versions) {
        return Json.createObjectBuilder()
                .add(
                        "extractors",
                        Json.createArrayBuilder()
                                .add(Json.createObjectBuilder()
                                        .add("name", name)
                                        .add("versions", Json.createArrayBuilder(List.of(versions)))))
                .build();
    }

    private static Stored made(String extractor, String version) {
        return as("enroller")
                .store(
                        UUID.randomUUID(),
                        "modality=FINGERPRINT&format=OPAQUE&extractorName=" + extractor + "&extractorVersion="
                                + version,
                        TEMPLATE);
    }

    @Test
    void saysWhenASubjectIsDue() {
        make(",\"maxIdle\":\"P1Y\",\"maxAge\":\"P5Y\"");
        UUID subject = enrol(policy);
        LocalDate day = LocalDate.of(today().getYear() - 1, 2, 28);
        wasThere(subject, day);
        rows.change("update vault.policy_version set in_force_at = '2001-01-01' where name = ?", policy);
        assertEquals(day.plus(Period.ofYears(1)).toString(), subject(subject).getString("dueAt"));
    }
}
