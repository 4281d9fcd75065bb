package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** What the vault does by itself is in the trail, in the transaction that does it; looking for work leaves nothing. */
@Tag("long")
class VaultEntriesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Eraser eraser = new Eraser(server);
    private String since = "";

    @BeforeEach
    void begin() {
        rows.change("update vault.copy set destroyed_at = now(), destroyed_by = 'tests' where destroyed_at is null");
        since = rows.texts("select now()::text").get(0);
    }

    private List<String> notes(String work, String name) {
        return rows
                .texts(
                        "select line from vault.audit_entry where action = ? and at >= ?::timestamptz order by at, id",
                        "vault: " + work,
                        since)
                .stream()
                .map(line -> Json.createReader(new StringReader(line)).readObject())
                .filter(entry -> entry.getString("caller").equals("vault"))
                .map(entry -> entry.getOrDefault("notes", JsonObject.EMPTY_JSON_OBJECT)
                        .asJsonObject())
                .filter(notes -> notes.containsKey(name))
                .map(notes -> ((JsonString) notes.get(name)).getString())
                .toList();
    }

    private void awaitNote(String work, String name, String pattern) {
        Pattern wanted = Pattern.compile(pattern);
        TestHome.await(
                "the trail has " + work + ", " + name + ": " + pattern + " in " + notes(work, name),
                PATIENCE,
                () -> notes(work, name).stream()
                        .anyMatch(note -> wanted.matcher(note).matches()));
    }

    /** The row and the entry that tells of it were written by one transaction. */
    private void isInTheTransactionOf(String transaction, String work, String name) {
        assertEquals(
                List.of(name),
                rows.texts(
                        "select distinct jsonb_object_keys(line::jsonb -> 'notes') from vault.audit_entry"
                                + " where action = ? and xmin::text = ?",
                        "vault: " + work,
                        transaction));
    }

    private String erase(UUID subject) {
        return server.as("eraser")
                .delete("/subjects/" + subject)
                .header("If-Match", "\"1\"")
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(202)
                .json()
                .getString("id");
    }

    @Test
    void tellsOfTheStepsOfReceipts() {
        UUID erasure = UUID.fromString(erase(eraser.enrol(1).get(0)));
        awaitNote("erasure", "evicted", "[1-9]\\d* erasures");
        awaitNote("erasure", "vacuumed", "[1-9]\\d* erasures");
        awaitNote("erasure", "physical", "[1-9]\\d* erasures");
        String steps = "select case when evicted_at > physical_at then 'evicted' else 'physical' end"
                + " from vault.erasure_round where evicted_at + (physical_at - evicted_at) is not null and erasure_id = ?";
        TestHome.await(
                "both steps are true",
                PATIENCE,
                () -> !rows.texts(steps, erasure).isEmpty());
        String last = rows.texts("select xmin::text from vault.erasure_round where erasure_id = ?", erasure)
                .get(0);
        isInTheTransactionOf(last, "erasure", rows.texts(steps, erasure).get(0));
    }

    @Test
    void tellsOfTheEpochAndOfAllThatItDoes() {
        eraser.enrol(3);
        UUID erasure = UUID.fromString(erase(eraser.enrol(1).get(0)));
        long old = rows.number("select version from vault.key_version where state = 'ACTIVE'");
        rows.change(
                "update vault.key_version set activated_at = activated_at - interval '2 days' where state = 'ACTIVE'");
        String policy = server.as("key-custodian")
                .post("/standing-policies")
                .json("{\"interval\":\"P1D\",\"wait\":\"PT0S\",\"quarantine\":\"PT0S\",\"withoutNewerBackup\":true}")
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id");
        new Approver(server).approve(policy);
        awaitNote("erasure", "cryptographic", "[1-9]\\d* erasures");
        server.as("key-custodian")
                .post("/approvals/" + policy + ":cancel")
                .send()
                .expect(200);
        awaitNote("epoch", "rotation", ".* REQUESTED");
        awaitNote("epoch", "destruction", "key version " + old + " REQUESTED");
        for (String state : List.of("STAGED", "ACTIVATED", "REENCRYPTING", "DRAINED")) {
            awaitNote("rotation", "rotation", ".* " + state);
        }
        awaitNote("rotation", "subjects", "[1-9]\\d*");
        awaitNote("destruction", "fullPass", "key version " + old + ", [1-9]\\d* subjects");
        for (String state : List.of("PASSING", "WAITING", "MATERIAL_GONE", "REPLAYED", "ROOT_KEY_GONE", "DESTROYED")) {
            awaitNote("destruction", "destruction", "key version " + old + " " + state);
        }
        String destroyed = rows.texts("select xmin::text from vault.key_version where version = ?", old)
                .get(0);
        isInTheTransactionOf(destroyed, "destruction", "destruction");
        String last = rows.texts("select xmin::text from vault.erasure_round where erasure_id = ?", erasure)
                .get(0);
        assertEquals(1, rows.number("select count(*) from vault.audit_entry where xmin::text = ?", last));
    }

    @Test
    void tellsOfTheScheduleOfRotations() {
        server.as("operator")
                .put("/schedules/rotation")
                .json("{\"enabled\":true,\"maxAge\":\"PT1S\",\"mode\":\"rewrap\"}")
                .send()
                .expect(200);
        awaitNote("rotation", "rotation", ".* REQUESTED");
        server.as("operator")
                .put("/schedules/rotation")
                .json("{\"enabled\":false}")
                .send()
                .expect(200);
        TestHome.await(
                "no rotation is open",
                PATIENCE,
                () -> rows.number("select count(*) from vault.rotation where ended_at is null") == 0);
        Custodian custodian = new Custodian(server);
        String newest = rows.texts("select id from vault.rotation order by requested_at desc limit 1")
                .get(0);
        assertEquals("vault: schedule", custodian.get(newest).getString("requestedBy"));
    }

    @Test
    void tellsOfTheDailyErasureAndOfAPolicyThatTwoPeopleDecided() {
        String name = "p" + UUID.randomUUID().toString().substring(0, 8);
        String terms = "{\"purpose\":\"Doors\",\"legalBasis\":\"Consent\",\"maxIdle\":\"";
        server.as("eraser")
                .put("/policies/" + name)
                .json(terms + "P3Y\"}")
                .send()
                .expect(201);
        String approval = server.as("eraser")
                .put("/policies/" + name)
                .header("If-Match", "\"1\"")
                .json(terms + "P1Y\"}")
                .send()
                .expect(202)
                .json()
                .getString("id");
        new Approver(server).approve(approval);
        awaitNote("retention", "policy", name + " 2");

        UUID due = eraser.enrol(1).get(0);
        rows.change("update vault.policy_version set published_at = '2020-01-01', in_force_at = '2020-02-01'"
                + " where name = 'default' and version = 1");
        rows.change(
                "update vault.subject_retention set last_interaction_on = ? where subject_id = ?",
                LocalDate.now(ZoneOffset.UTC).minusYears(4),
                due);
        rows.change("update vault.bulk_erasure set requested_at = requested_at - interval '1 day'"
                + " where requested_by = 'vault: retention' and requested_at > now() - interval '1 day'");
        awaitNote("retention", "bulkErasure", ".* REQUESTED");
        awaitNote("bulk erasure", "bulkErasure", ".* RUNNING");
        awaitNote("bulk erasure", "erasure", ".*");
        awaitNote("bulk erasure", "bulkErasure", ".* DONE");
        assertEquals(0, eraser.present(List.of(due)));
    }

    @Test
    void tellsOfAChunkThatErasesNobody() {
        UUID subject = eraser.enrol(1).get(0);
        String id;
        try (var chunk = SharedVault.mortal().proxy().holdStatement("update vault.bulk_erasure set state = state")) {
            id = eraser.ask(Eraser.list(List.of(subject))).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            eraser.hold(subject).expect(200);
        }
        assertEquals(1, eraser.await(id, "DONE").getInt("held"));
        awaitNote("bulk erasure", "bulkErasure", id);
        eraser.lift(subject);
    }

    @Test
    void tellsOfErasuresThatAreAppliedAgain() {
        erase(eraser.enrol(1).get(0));
        String page = server.as("auditor").get("/erasures").send().expect(200).text();
        server.as("eraser")
                .post("/erasures:reapply")
                .header("X-Reason", "retention")
                .json(page)
                .send()
                .expect(202);
        awaitNote("erasure", "reapplication", ".* subjects, 0 erased again");
        awaitNote("erasure", "reapplication", ".* DONE");
    }

    @Tag("nightly")
    @Test
    void tellsNothingWhileThereIsNothingToDo() {
        TestHome.await(
                "all steps that erasures of other tests wait for are done",
                PATIENCE,
                () -> rows.number("select count(*) from vault.erasure_round r where evicted_at is null"
                                + " or vacuumed_at is null or physical_at is null"
                                + " or cryptographic_at is null and not unknown_version and not exists (select 1"
                                + " from vault.key_version v where v.version between r.first_kek_version"
                                + " and r.last_kek_version and v.state <> 'DESTROYED')")
                        == 0);
        TestHome.pause(Duration.ofSeconds(2));
        begin();
        TestHome.pause(Duration.ofSeconds(7));
        assertEquals(
                List.of(),
                rows.texts(
                        "select line from vault.audit_entry where caller = 'vault' and at >= ?::timestamptz", since));
    }
}
