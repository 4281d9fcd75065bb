package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** From when and until when that may be carried out which two people have decided, with the waiting time of a new vault. */
class ApprovalTimesIT {
    private static final String WAIT = "VAULT_APPROVAL_WAIT_MINUTES";

    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private final Approver approver = new Approver(server);
    private final byte[] bytes = TemplateDocument.noise(300, 1);
    private final Stored stored = server.as("enroller").store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", bytes);
    private final KeyVersion version = new KeyVersion(
            server, new Custodian(server).rotate(Json.createObjectBuilder()).getInt("fromVersion"));

    @BeforeAll
    static void startWithTheDefault() {
        SharedVault.mortal().server().stop();
        SharedVault.mortal().server().without(WAIT).start();
    }

    @AfterAll
    static void startWithoutAWaitingTime() {
        SharedVault.mortal().server().stop();
        SharedVault.mortal().server().variable(WAIT, "0").start();
    }

    @AfterEach
    void everythingElseIsThere() {
        assertArrayEquals(bytes, server.as("reader").read(stored).expect(200).bytes());
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private void set(String approval, String time, Duration fromNow) {
        rows.change(
                "update vault.approval set " + time + " = now() + ? * interval '1 millisecond' where id = ?",
                fromNow.toMillis(),
                UUID.fromString(approval));
    }

    private void expire(String approval) {
        set(approval, "expires_at", Duration.ofSeconds(-1));
        assertEquals("EXPIRED", approver.get(approval).getString("state"));
    }

    private static Duration between(JsonObject approval, String from, String to) {
        return Duration.between(Instant.parse(approval.getString(from)), Instant.parse(approval.getString(to)));
    }

    private void isWhatItWasBecauseOfTheExpiry() {
        JsonObject ended = version.await("CANCELLED");
        assertEquals("The approval is EXPIRED", ended.getString("failure"), ended::toString);
        assertEquals("DEACTIVATED", version.get().getString("state"));
    }

    @Test
    void waitsADayAfterTheApproval() {
        String approval = version.askForApproval(true);
        JsonObject approved = approver.approve(approval);
        assertEquals(Duration.ofHours(24), between(approved, "decidedAt", "notBefore"), approved::toString);
        Duration open = between(approved, "requestedAt", "expiresAt");
        assertEquals(7, open.plusSeconds(1).toDays(), approved::toString);
        JsonObject waiting = version.await("WAITING");
        String until = "It may be carried out from " + approved.getString("notBefore") + " on";
        assertEquals(Json.createArrayBuilder().add(until).build(), waiting.getJsonArray("waitingFor"));
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals("WAITING", version.destruction().getString("state"));
        assertEquals("DESTROYING", version.get().getString("state"));
        set(approval, "not_before", Duration.ZERO);
        version.await("DESTROYED");
    }

    @Test
    void endsWhatNobodyApprovedInTime() {
        String approval = version.askForApproval(true);
        String hash = approver.get(approval).getString("requestHash");
        expire(approval);
        JsonObject refused = approver.approve(approval, hash).problem(409, "approval-state");
        assertTrue(refused.getString("detail").endsWith("EXPIRED"), refused::toString);
        cancel(approval).problem(409, "approval-state");
        isWhatItWasBecauseOfTheExpiry();
        askedAnewItWaitsForASecondPerson();
    }

    private void askedAnewItWaitsForASecondPerson() {
        String anew = version.askForApproval(true);
        assertEquals("REQUESTED", approver.get(anew).getString("state"));
        cancel(anew).expect(200);
        version.await("CANCELLED");
    }

    private Answer cancel(String approval) {
        return server.as("key-custodian")
                .post("/approvals/" + approval + ":cancel")
                .send();
    }

    @Test
    void endsWhatWasApprovedAndNotCarriedOutInTime() {
        String approval = version.askForApproval(true);
        approver.approve(approval);
        version.await("WAITING");
        expire(approval);
        isWhatItWasBecauseOfTheExpiry();
        assertEquals(1, rows.number("select count(*) from vault.key_material where version = ?", version.number()));
    }

    /** Who decides many must not believe that none is left. */
    @Test
    void listsWhatWaitsBeforeWhatIsDecidedHoweverOldItIs() {
        String approval = version.askForApproval(true);
        rows.change("insert into vault.approval (id, kind, subject, request, request_hash, state, requested_by,"
                + " requested_at, decided_by, decided_at, expires_at) select gen_random_uuid(), 'tests', 'x', 'x', '',"
                + " 'REJECTED', 'tests', now() + interval '1 second', 'approver', now(), now() + interval '1 day'"
                + " from generate_series(1, 100)");
        try {
            String list =
                    server.as("approver").get("/approvals").send().expect(200).text();
            assertTrue(list.contains(approval), list);
            approver.approve(approval);
            assertTrue(listed().indexOf(approval) < 100, "before what has ended");
            assertEquals(1, Collections.frequency(listed(), approval));
            assertTrue(listed().size() > 100);
        } finally {
            rows.change("delete from vault.approval where kind = 'tests'");
        }
        cancel(approval).expect(200);
        version.await("CANCELLED");
    }

    private List<String> listed() {
        List<String> ids = new ArrayList<>();
        String cursor = "";
        while (true) {
            JsonObject page = server.as("approver")
                    .get("/approvals" + cursor)
                    .send()
                    .expect(200)
                    .json();
            page.getJsonArray("approvals").getValuesAs(JsonObject.class).forEach(one -> ids.add(one.getString("id")));
            if (!page.containsKey("next")) {
                return ids;
            }
            cursor = "?cursor=" + page.getString("next");
        }
    }

    @Test
    void refusesACursorOfAnotherList() {
        server.as("approver")
                .get("/approvals?cursor=" + UUID.randomUUID())
                .send()
                .problem(422, "invalid-field");
    }

    @Test
    void showsAnExposureListBetweenItsTwoTimesOnly() {
        String path = "/keys/" + version.number() + "/exposure";
        String approval =
                server.as("key-custodian").post(path).send().expect(202).json().getString("id");
        String list = path + "?approval=" + approval;
        approver.approve(approval);
        server.as("auditor").get(list).send().problem(409, "approval-not-in-effect");
        set(approval, "not_before", Duration.ZERO);
        server.as("auditor").get(list).send().expect(200);
        expire(approval);
        server.as("auditor").get(list).send().problem(409, "approval-not-in-effect");
    }
}
