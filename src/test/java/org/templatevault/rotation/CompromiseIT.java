package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Hold;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;

class CompromiseIT extends CompromisedVault {
    private static final String SHARES_ROTATION = "when ended_at is null and to_version = ";

    private List<Stored> onVersion(int version) {
        Set<String> ids = new TreeSet<>(
                rows.texts("select subject_id::text from vault.subject_key where kek_version = ?", version));
        return acknowledged.keySet().stream()
                .filter(stored -> ids.contains(stored.subject().toString()))
                .toList();
    }

    /** Stores that move subjects and follow each other without a gap would otherwise keep a rotation from being steered. */
    @Test
    void letsNoStorePassAPauseThatWaits() {
        String rotation = custodian.start(compromise().add("rate", 2));
        int from = custodian.await(rotation, "REENCRYPTING").getInt("fromVersion");
        List<Stored> left = onVersion(from);
        Stored last = left.get(left.size() - 1);
        Stored lastButOne = left.get(left.size() - 2);
        try (Hold hold =
                SharedVault.mortal().proxy().holdStatementAfter(SHARES_ROTATION, "insert into vault.template")) {
            CompletableFuture<Answer> holding = CompletableFuture.supplyAsync(() -> storeInto(last));
            hold.awaitHeld(PATIENCE);
            CompletableFuture<Answer> pause = CompletableFuture.supplyAsync(() -> custodian.steer(rotation, "pause"));
            rows.awaitBlocked("select pg_advisory_xact_lock(");
            CompletableFuture<Answer> late = CompletableFuture.supplyAsync(() -> storeInto(lastButOne));
            rows.awaitBlocked(SHARES_ROTATION);
            hold.release();
            holding.join().expect(201);
            assertEquals("PAUSED", pause.join().expect(200).json().getString("state"));
            late.join().expect(201);
        }
        custodian.steer(rotation, "resume").expect(200);
        drained(rotation);
    }

    private Answer storeInto(Stored stored) {
        return server.as("enroller")
                .post("/subjects/" + stored.subject() + "/templates?" + OPEN)
                .octets(new byte[] {1})
                .send();
    }

    @Test
    void givesASubjectANewKeyBeforeAnythingIsStoredForItAgain() {
        String rotation = custodian.start(compromise().add("rate", 2).add("suite", "AES_256_GCM"));
        JsonObject under = custodian.await(rotation, "REENCRYPTING");
        int from = under.getInt("fromVersion");
        int to = under.getInt("toVersion");
        assertEquals("COMPROMISED", state(from));
        List<Stored> left = onVersion(from);
        assertTrue(left.size() > 6, () -> left.size() + " are left");
        everyTemplateOpens();

        Stored stored = left.get(left.size() - 1);
        Answer answer = storeInto(stored).expect(201);
        assertEquals(to, answer.json().getInt("keyVersion"));

        Stored replaced = left.get(left.size() - 2);
        byte[] bytes = TemplateDocument.noise(300, 7);
        Answer second = server.as("enroller")
                .put(replaced.path() + "?" + OPEN)
                .header("If-Match", "\"1\"")
                .octets(bytes)
                .send()
                .expect(200);
        assertEquals(to, second.json().getInt("keyVersion"));
        acknowledged.put(replaced, bytes);

        assertTrue(dek(stored) > 1 && dek(replaced) > 1, "a new wrapping of the old key is no new key");

        Stored batched = left.get(left.size() - 3);
        JsonObject item = TemplateDocument.with(
                TemplateDocument.fingerprint(bytes),
                "subject",
                batched.subject().toString());
        JsonObject results = server.as("enroller")
                .post("/templates:batchStore")
                .json("{\"items\":[" + item + "]}")
                .send()
                .expect(200)
                .json();
        assertEquals(to, results.getJsonArray("results").getJsonObject(0).getInt("keyVersion"));
        assertTrue(dek(batched) > 1);

        JsonObject now = custodian.get(rotation);
        assertTrue(now.getInt("done") >= 3, now::toString);
        drained(rotation);
        assertEquals("COMPROMISED", state(from));
        assertEquals(
                List.of("AES_256_GCM"),
                rows.texts("select distinct data_suite from vault.subject_key where kek_version = ?", to));
    }

    /** A rewrap of its own may follow at any time: by hand, by the schedule, or after a promotion. */
    @Test
    void leavesNoCompromisedKeyInUseWhenItIsGivenUpAndWhatRemainsIsRewrapped() {
        String rotation = custodian.start(compromise().add("rate", 2));
        custodian.await(rotation, "REENCRYPTING");
        JsonObject given = custodian.steer(rotation, "cancel").expect(200).json();
        assertTrue(given.getInt("remaining") > 6, given::toString);
        rewrap();
        acknowledged.keySet().forEach(stored -> assertEquals(2, dek(stored)));
    }

    @Test
    void knowsThatAKeyStoodUnderAVersionThatIsCompromisedOnlyAfterItLeftThat() {
        int version = active();
        rewrap();
        Stored later = store(UUID.randomUUID(), new byte[] {3});
        String rotation = custodian.start(compromise().add("version", version).add("rate", 2));
        custodian.await(rotation, "REENCRYPTING");
        custodian.steer(rotation, "cancel").expect(200);
        List<Stored> left = onVersion(version + 1);
        assertTrue(left.size() > 6, () -> left.size() + " are left");
        rewrap();
        left.stream().filter(stored -> !stored.equals(later)).forEach(stored -> assertEquals(2, dek(stored)));
        assertTrue(left.contains(later) ? dek(later) == 1 : dek(later) <= 2, "this key never stood under it");
    }

    /** A move to the compromised version that was rolled back is in the log: whoever is still on the one before may know it. */
    @Test
    void givesANewKeyAlsoToASubjectThatHasNotReachedTheCompromisedVersion() {
        int version = active();
        String moving =
                custodian.start(Json.createObjectBuilder().add("mode", "rewrap").add("rate", 2));
        custodian.await(moving, "REENCRYPTING");
        custodian.steer(moving, "cancel").expect(200);
        String rotation = custodian.start(compromise().add("rate", 2));
        assertEquals(version + 1, custodian.await(rotation, "REENCRYPTING").getInt("compromisedVersion"));
        custodian.steer(rotation, "cancel").expect(200);
        List<Stored> left = onVersion(version);
        assertTrue(left.size() > 6, () -> left.size() + " are left");
        Stored after = left.get(left.size() - 1);
        store(after.subject(), new byte[] {1});
        assertEquals(2, dek(after));
        rewrap();
        left.forEach(stored -> assertEquals(2, dek(stored)));
    }

    @Test
    void givesASubjectANewKeyAlsoWhereThatIsWrappedByAVersionThatIsNotCompromised() {
        int version = active();
        rewrap();
        String rotation = custodian.start(compromise().add("version", version).add("rate", 2));
        custodian.await(rotation, "REENCRYPTING");
        List<Stored> left = onVersion(version + 1);
        assertTrue(left.size() > 6, () -> left.size() + " are left");
        Stored during = left.get(left.size() - 1);
        store(during.subject(), new byte[] {1});
        assertEquals(2, dek(during));
        custodian.steer(rotation, "cancel").expect(200);
        Stored after = left.get(left.size() - 2);
        store(after.subject(), new byte[] {2});
        assertEquals(2, dek(after));
        rewrap();
    }

    @Test
    void isRememberedWhereItWasGivenUpBeforeItsVersionWasActive() {
        SilentNode.during(rows, () -> {
            String rotation = custodian.start(compromise());
            custodian.await(rotation, "STAGED");
            return custodian.steer(rotation, "cancel").expect(200);
        });
        Stored later = store(acknowledged.keySet().iterator().next().subject(), new byte[] {1});
        rewrap();
        acknowledged.keySet().forEach(stored -> assertEquals(2, dek(stored)));
        assertEquals(200, server.as("reader").read(later).status());
    }

    /** A version must not be kept for ever by a template that nobody can repair. */
    @Test
    void movesASubjectWithARowThatDoesNotOpenInARewrapAndMarksIt() {
        String rotation = custodian.start(compromise().add("rate", 2));
        int version = custodian.await(rotation, "REENCRYPTING").getInt("fromVersion");
        custodian.steer(rotation, "cancel").expect(200);
        List<Stored> left = onVersion(version);
        Stored damaged = left.get(left.size() - 1);
        String flip = "update vault.template set envelope = set_bit(envelope, 400, 1 - get_bit(envelope, 400))"
                + " where id = ?";
        rows.change(flip, damaged.template());
        rewrap();
        assertEquals(List.of(), onVersion(version));
        assertEquals(1, dek(damaged));
        assertEquals(1, rows.number("select count(*) from vault.quarantine where template_id = ?", damaged.template()));
        rows.change(flip, damaged.template());
        rewrap();
        assertEquals(2, dek(damaged));
        assertEquals(0, rows.number("select count(*) from vault.quarantine where template_id = ?", damaged.template()));
    }

    /** A rewrap has kept the keys that it had wrapped: who copied it opens them in a dump of before. */
    @Test
    void isTakenOfAVersionThatIsDestroyedOrIsBeingDestroyed() {
        int destroyed = active();
        rewrap();
        int dying = active();
        rewrap();
        new Approver(server).destroy(destroyed);
        KeyVersion version = new KeyVersion(server, dying);
        String approval = version.askForApproval(false);
        new Approver(server).approve(approval);
        version.await("WAITING");

        drained(custodian.start(compromise().add("version", destroyed)));
        acknowledged.keySet().forEach(stored -> assertEquals(2, dek(stored)));
        drained(custodian.start(compromise().add("version", dying)));
        acknowledged.keySet().forEach(stored -> assertEquals(3, dek(stored)));
        assertEquals("DESTROYED", state(destroyed));
        assertEquals("DESTROYING", state(dying));
        server.as("key-custodian")
                .post("/approvals/" + approval + ":cancel")
                .send()
                .expect(200);
        version.await("CANCELLED");
        assertEquals("COMPROMISED", state(dying));
    }

    @Test
    void takesThePlaceOfTheRotationThatIsUnderWay() {
        String first = custodian.start(Json.createObjectBuilder().add("rate", 2));
        custodian.await(first, "REENCRYPTING");
        String second = custodian.start(compromise());
        assertEquals("CANCELLED", custodian.get(first).getString("state"));
        assertEquals(
                List.of(second + " REQUESTED"),
                rows.texts(
                        "select line::json #>> '{notes,rotation}' from vault.audit_entry"
                                + " where line::json #>> '{notes,replaced}' = ?",
                        first + " CANCELLED"));
        custodian.ask(compromise()).problem(409, "rotation-in-progress");
        drained(second);
        assertEquals(
                custodian.get(first).getInt("toVersion"), custodian.get(second).getInt("compromisedVersion"));
    }

    @Test
    void movesWhatStandsThreeVersionsBack() {
        for (int i = 0; i < 3; i++) {
            String rotation = custodian.start(Json.createObjectBuilder().add("rate", 1));
            custodian.await(rotation, "REENCRYPTING");
            custodian.steer(rotation, "cancel").expect(200);
        }
        assertTrue(
                rows.number("select max(v.version) - min(k.kek_version) from vault.subject_key k, vault.key_version v"
                                + " where v.state = 'ACTIVE'")
                        >= 3);
        drained(custodian.start(Json.createObjectBuilder()));
    }

    @Test
    void refusesWhatWouldKeepTheCompromisedKeysInUse() {
        custodian.ask(compromise().add("mode", "rewrap")).problem(422, "invalid-field");
        custodian.ask(Json.createObjectBuilder().add("version", 1)).problem(422, "invalid-field");
        custodian.ask(compromise().add("version", 999_999)).problem(422, "invalid-field");
    }

    private String erased() {
        UUID subject = server.as("enroller")
                .store(UUID.randomUUID(), OPEN, new byte[] {4})
                .subject();
        return server.as("eraser")
                .erase(subject, "enrolment-error")
                .expect(202)
                .json()
                .getString("id");
    }

    @Test
    void listsThoseWhoseKeysEverStoodUnderAVersionToTwoPeopleOnly() {
        Stored across = store(UUID.randomUUID(), new byte[] {3});
        drained(custodian.start(Json.createObjectBuilder()));
        int version = active();
        Stored before = store(UUID.randomUUID(), new byte[] {1});
        String erasedBefore = erased();
        drained(custodian.start(Json.createObjectBuilder()));
        Stored after = store(UUID.randomUUID(), new byte[] {2});
        String erasedAfter = erased();
        String approval = server.as("key-custodian")
                .post("/keys/" + version + "/exposure")
                .send()
                .expect(202)
                .json()
                .getString("id");
        String list = "/keys/" + version + "/exposure?approval=" + approval;
        server.as("auditor").get(list).send().problem(409, "approval-not-in-effect");
        new Approver(server).approve(approval);
        String subjects = server.as("auditor").get(list).send().expect(200).text();
        assertTrue(subjects.contains(across.subject().toString()), "it came under it later and left it");
        assertTrue(subjects.contains(before.subject().toString()));
        assertTrue(!subjects.contains(after.subject().toString()));
        server.as("auditor")
                .get("/keys/" + (version + 1) + "/exposure?approval=" + approval)
                .send()
                .problem(404, "approval-not-found");
        String erasures = server.as("auditor")
                .get(list + "&of=erasures")
                .send()
                .expect(200)
                .text();
        assertTrue(erasures.contains(erasedBefore), erasures);
        assertTrue(!erasures.contains(erasedAfter), erasures);
        // As after a restore: the subject was there again, stood under the version, and its erasure was applied again.
        rows.change(
                "insert into vault.erasure_round (erasure_id, round, at, first_kek_version, last_kek_version, templates,"
                        + " gone_xid, physical_at) select erasure_id, 2, at, ?, last_kek_version, templates, gone_xid, at"
                        + " from vault.erasure_round where erasure_id = ?",
                version,
                UUID.fromString(erasedAfter));
        assertTrue(server.as("auditor")
                .get(list + "&of=erasures")
                .send()
                .expect(200)
                .text()
                .contains(erasedAfter));
    }
}
