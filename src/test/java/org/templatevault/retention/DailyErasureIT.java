package org.templatevault.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import jakarta.json.JsonObject;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** The daily erasure of those whose time is over: who is due, the report, the gauge, holds at the same moment, the clock. */
@Tag("long")
class DailyErasureIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** First statement of a chunk, when its page is read and nothing of it is taken. */
    private static final String CHUNK = "update vault.bulk_erasure set state = state";

    private final SharedVault.Mortal mortal = SharedVault.mortal();
    private final VaultServer server = mortal.server();
    private final DatabaseProxy proxy = mortal.proxy();
    private final Eraser eraser = new Eraser(server);
    private final Rows rows = new Rows(mortal.home());

    private VaultClient as(String role) {
        return server.as(role);
    }

    @AfterEach
    void keepTheInvariants() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private static LocalDate today() {
        return LocalDate.now(ZoneOffset.UTC);
    }

    private void wasThere(UUID subject, LocalDate day) {
        rows.change("update vault.subject_retention set last_interaction_on = ? where subject_id = ?", day, subject);
    }

    private void switchSchedule(boolean on) {
        as("operator")
                .put("/schedules/retention")
                .json("{\"enabled\":" + on + "}")
                .send()
                .expect(200);
    }

    /** As if the day were new: the vault asks again. Two days, since a request of today may have a time of tomorrow. */
    private String awaitDaily() {
        rows.change("update vault.bulk_erasure set requested_at = requested_at - interval '2 days'"
                + " where requested_by = 'vault: retention' and requested_at > now() - interval '1 day'");
        String asked = "select id from vault.bulk_erasure where requested_by = 'vault: retention'"
                + " and requested_at > now() - interval '1 hour'";
        TestHome.await("the vault asks", PATIENCE, () -> !rows.texts(asked).isEmpty());
        return rows.texts(asked).get(0);
    }

    private void putDefaultPolicyInForce() {
        rows.change("update vault.policy_version set published_at = '2020-01-01', in_force_at = '2020-02-01'"
                + " where name = 'default' and version = 1");
    }

    private double overdue() {
        return as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith("vault_retention_overdue"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void erasesEveryDayThoseWhoseTimeIsOverAndReportsIt() {
        switchSchedule(false);
        List<UUID> subjects = eraser.enrol(6);
        UUID held = subjects.get(0);
        UUID late = subjects.get(1);
        UUID due = subjects.get(2);
        UUID back = subjects.get(3);
        UUID notYet = subjects.get(4);
        eraser.hold(held).expect(200);
        wasThere(held, today().minusYears(4));
        wasThere(late, today().minusYears(3).minusDays(2));
        wasThere(due, today().minusYears(3));
        wasThere(back, today().minusYears(5));
        wasThere(notYet, today().minusYears(3).plusDays(1));
        assertEquals(
                0,
                eraser.ask("{\"dryRun\":true,\"query\":{\"retentionDue\":true}}")
                        .expect(200)
                        .json()
                        .getInt("total"),
                "the policy is not in force yet");
        putDefaultPolicyInForce();
        assertEquals(
                "{\"total\":4,\"held\":1,\"absent\":0,\"dryRun\":true}",
                eraser.ask("{\"dryRun\":true,\"query\":{\"retentionDue\":true}}")
                        .expect(200)
                        .text());
        eraser.await(eraser.ask(Eraser.list(eraser.enrol(1))).expect(202).json().getString("id"), "DONE");
        TestHome.await("two are overdue: not the one that is held", PATIENCE, () -> overdue() == 2);
        JsonObject report;
        try (var chunk = proxy.holdStatement(CHUNK)) {
            switchSchedule(true);
            String id = awaitDaily();
            chunk.awaitHeld(PATIENCE);
            as("reader").post("/subjects/" + back + ":interaction").send().expect(204);
            chunk.release();
            report = eraser.await(id, "DONE");
        }
        assertEquals(2, report.getInt("erased"), report::toString);
        assertEquals(1, report.getInt("held"), report::toString);
        assertEquals(1, report.getInt("kept"), report::toString);
        assertEquals("vault: retention", report.getString("requestedBy"));
        assertEquals(today().toString(), report.getString("dueBy"));
        assertEquals(4, eraser.present(subjects));
        JsonObject receipt = as("auditor")
                .get("/erasures/" + eraser.receipts(report.getString("id")).get(0))
                .send()
                .expect(200)
                .json();
        assertEquals("retention", receipt.getString("reason"));
        assertEquals(
                0,
                rows.number("select count(*) from vault.bulk_erasure where requested_by = 'vault: retention'"
                        + " and state <> 'DONE'"));
        TestHome.await("all is well again", PATIENCE, () -> overdue() == 0);
        JsonObject schedule = as("auditor").schedule("retention");
        assertEquals(today().plusDays(1) + "T00:00:00Z", schedule.getString("nextDueAt"));
        eraser.lift(held);
        wasThere(held, today());
    }

    /** As the rows stand when the clock was set back two hours after the day's erasure. */
    @Tag("nightly")
    @Test
    void asksOnceADayAlsoWithAClockThatWasSetBack() {
        putDefaultPolicyInForce();
        String first = awaitDaily();
        eraser.await(first, "DONE");
        rows.change(
                "update vault.bulk_erasure set requested_at = requested_at + interval '2 hours' where id = ?",
                UUID.fromString(first));
        UUID due = eraser.enrol(1).get(0);
        wasThere(due, today().minusYears(4));
        TestHome.pause(Duration.ofSeconds(7));
        assertEquals(
                1,
                rows.number("select count(*) from vault.bulk_erasure where requested_by = 'vault: retention'"
                        + " and requested_at > now() - interval '20 hours'"));
        as("reader").get("/subjects/" + due).send().expect(200);
        wasThere(due, today());
    }

    @Tag("nightly")
    @Test
    void leavesASubjectWhoseHoldIsSetWhileTheJobHasItInItsChunk() {
        putDefaultPolicyInForce();
        UUID subject = eraser.enrol(1).get(0);
        wasThere(subject, today().minusYears(4));
        try (var chunk = proxy.holdStatement(CHUNK)) {
            String id = awaitDaily();
            chunk.awaitHeld(PATIENCE);
            eraser.hold(subject).expect(200);
            chunk.release();
            JsonObject report = eraser.await(id, "DONE");
            assertEquals(1, report.getInt("held"), report::toString);
            assertEquals(0, report.getInt("erased"), report::toString);
        }
        eraser.lift(subject);
        CompletableFuture<Answer> held;
        try (var statement = proxy.holdStatement("insert into vault.subject_hold")) {
            held = CompletableFuture.supplyAsync(() -> eraser.hold(subject));
            statement.awaitHeld(PATIENCE);
            String id = awaitDaily();
            rows.awaitBlocked("u(id, bytes) order by id");
            statement.release();
            held.join().expect(200);
            assertEquals(1, eraser.await(id, "DONE").getInt("held"));
        }
        eraser.lift(subject);
        try (var statement = proxy.holdStatementAfter(CHUNK, "insert into vault.erasure ")) {
            String id = awaitDaily();
            statement.awaitHeld(PATIENCE);
            held = CompletableFuture.supplyAsync(() -> eraser.hold(subject));
            rows.awaitBlocked("select 1 from vault.subject_key where subject_id");
            statement.release();
            assertEquals(1, eraser.await(id, "DONE").getInt("erased"));
        }
        held.join().problem(410, "subject-erased");
    }

    /** The job asks who is still due while an interaction is under way: it waits for it, and sees it. */
    @Tag("nightly")
    @Test
    void keepsWhoComesWhileTheJobHasHimInItsChunk() {
        putDefaultPolicyInForce();
        UUID subject = eraser.enrol(1).get(0);
        wasThere(subject, today().minusYears(4));
        CompletableFuture<Answer> interaction;
        try (var statement = proxy.holdStatementAfter("set last_interaction_on", "commit")) {
            interaction = CompletableFuture.supplyAsync(() ->
                    as("reader").post("/subjects/" + subject + ":interaction").send());
            statement.awaitHeld(PATIENCE);
            String id = awaitDaily();
            rows.awaitBlocked("delete from vault.subject_retention r");
            statement.release();
            interaction.join().expect(204);
            assertEquals(1, eraser.await(id, "DONE").getInt("kept"));
        }
        assertEquals(1, eraser.present(List.of(subject)));
        wasThere(subject, today().minusYears(4));
        try (var statement = proxy.holdStatementAfter(CHUNK, "insert into vault.erasure ")) {
            String id = awaitDaily();
            statement.awaitHeld(PATIENCE);
            interaction = CompletableFuture.supplyAsync(() ->
                    as("reader").post("/subjects/" + subject + ":interaction").send());
            rows.awaitBlocked("update vault.subject_retention r set last_interaction_on");
            statement.release();
            assertEquals(1, eraser.await(id, "DONE").getInt("erased"));
        }
        interaction.join().problem(410, "subject-erased");
    }

    /** In a large vault the search for those who are due takes long. */
    @Tag("nightly")
    @Test
    void carriesOthersOnWhileItSearchesForThoseWhoseTimeIsOver() throws Exception {
        String asked;
        try (var chunk = proxy.holdStatement(CHUNK)) {
            asked = eraser.ask(Eraser.list(eraser.enrol(1))).expect(202).json().getString("id");
            chunk.awaitHeld(PATIENCE);
            eraser.steer(asked, "pause").expect(200);
        }
        eraser.await(asked, "PAUSED");
        String daily;
        try (Connection other = mortal.home().superuser().getConnection();
                Statement statement = other.createStatement();
                var chunk = proxy.holdStatement(CHUNK)) {
            other.setAutoCommit(false);
            statement.execute("lock table vault.bulk_erasure_item in share mode");
            rows.change("update vault.bulk_erasure set requested_at = requested_at - interval '2 days'"
                    + " where requested_by = 'vault: retention' and requested_at > now() - interval '1 day'");
            rows.awaitBlocked("with s as materialized");
            eraser.steer(asked, "resume").expect(200);
            chunk.awaitHeld(Duration.ofSeconds(30));
            other.rollback();
        }
        daily = awaitDaily();
        eraser.await(asked, "DONE");
        eraser.await(daily, "DONE");
    }

    @Test
    void refusesAScheduleThatIsWrongAndSaysWhoSwitchedItOff() {
        for (String wrong : List.of("{}", "{\"enabled\":\"yes\"}", "{\"enabled\":true,\"maxAge\":\"P1D\"}")) {
            as("operator").put("/schedules/retention").json(wrong).send().problem(422, "invalid-field");
        }
        switchSchedule(false);
        JsonObject off = as("auditor").schedule("retention");
        assertFalse(off.getBoolean("enabled"));
        assertFalse(off.containsKey("nextDueAt"));
        assertEquals("operator", off.getString("updatedBy"));
        switchSchedule(true);
    }
}
