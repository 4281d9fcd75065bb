package org.templatevault.chaos;

import jakarta.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.chaos.Books.Order;
import org.templatevault.chaos.CrashPlan.Kill;
import org.templatevault.chaos.Outages.Failure;
import org.templatevault.chaos.Outages.What;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Readers, writers and rotations on a real server whose process and whose PostgreSQL are killed with SIGKILL as the plan
 * says. Nobody repeats a request. At the end everything that was acknowledged must be there, byte for byte, and nothing
 * else.
 */
final class CrashRun {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final List<String> ORDER =
            List.of("REQUESTED", "STAGED", "ACTIVATED", "REENCRYPTING", "PAUSED", "VERIFYING", "DRAINED");

    private final CrashPlan plan;
    private final TestHome home;
    private final DatabaseProxy proxy;
    private final VaultServer server;
    private final Rows rows;
    private final Books books = new Books();
    private final Outages outages = new Outages();
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong writes = new AtomicLong();
    private final SplittableRandom random;
    private final List<String> report = new ArrayList<>();
    private final Instant began = Instant.now();
    private final Map<String, Integer> killedIn = new TreeMap<>();
    private int starts;

    CrashRun(CrashPlan plan) {
        this.plan = plan;
        this.random = new SplittableRandom(plan.seed());
        this.home = TestHome.create("crash");
        this.proxy = DatabaseProxy.before(home.database().port());
        this.server = VaultServer.on(home, "crash").through(proxy).variable("VAULT_VERSIONS_KEPT", "100");
        this.rows = new Rows(home);
    }

    /** Runs the plan; the lines of its report. Fails if anything was lost, doubled, changed or refused. */
    List<String> run() throws InterruptedException {
        say("seed " + plan.seed() + ", " + plan.templates() + " templates, " + plan.kills());
        server.start();
        List<Writer> writers = new ArrayList<>();
        for (int i = 0; i < CrashPlan.WRITERS; i++) {
            writers.add(new Writer(server, books, outages, random.split(), writes, plan.writerPauseMillis()));
        }
        for (Writer writer : writers) {
            writer.enrol(plan.templates() / CrashPlan.WRITERS);
        }
        say("enrolled " + books.all().size() + " templates of " + books.people().size() + " subjects");
        List<Thread> load = new ArrayList<>();
        writers.forEach(writer -> load.add(new Thread(writer, "writer")));
        for (int i = 0; i < CrashPlan.READERS; i++) {
            load.add(new Thread(new Reader(server, books, outages, random.split(), reads), "reader"));
        }
        load.forEach(Thread::start);
        try (Watch watch = new Watch(server, outages)) {
            for (Kill kill : plan.kills()) {
                kill(kill, watch);
            }
            finish(watch);
            say(watch.apiPolls() + " polls of the API and " + watch.sqlPolls() + " of SQL checked the equation");
        } finally {
            load.forEach(Thread::interrupt);
            for (Thread thread : load) {
                thread.join(90_000);
            }
        }
        List<String> faults = new ArrayList<>(new FinalCheck(server, books, outages).faults());
        faults.addAll(outages.wrong());
        if (killedIn.values().stream().mapToInt(Integer::intValue).sum() != plan.serverKills()
                || !killedIn.keySet().containsAll(plan.states())) {
            faults.add("The owner was not killed in all states: " + killedIn);
        }
        faults.addAll(outages.unexcused());
        summary(faults.size());
        if (!faults.isEmpty()) {
            throw new AssertionError(String.join("\n", report) + "\n"
                    + String.join("\n", faults.subList(0, Math.min(60, faults.size()))));
        }
        return report;
    }

    private void kill(Kill kill, Watch watch) {
        switch (kill) {
            case REQUESTED, STAGED, ACTIVATED -> killServer(kill, reach(watch, kill.name(), 0));
            case REENCRYPTING -> killServer(kill, reencrypting(watch));
            case PAUSED -> {
                pauseRotation(watch);
                killServer(kill, watch.newest());
                resumeRotation(watch);
            }
            case VERIFYING ->
                killHeld(kill, watch, proxy.holdStatement("count(*) filter (where q.subject_id is null) as remaining"));
            case COMMITTED_UNANSWERED -> {
                killHeld(kill, watch, proxy.holdAnswerAfter("insert into vault.idempotency (", "commit"));
                List<String> lost = books.lost().stream().map(Order::key).toList();
                long committed = rows.number(
                        "select count(*) from vault.idempotency where key = any(string_to_array(?, ','))",
                        String.join(",", lost));
                say("  " + committed + " of " + lost.size() + " stores without an answer are in the database");
                if (committed == 0) {
                    outages.wrong("The kill between commit and answer hit no store");
                }
            }
            case DATABASE_REENCRYPTING -> killDatabase(kill, reencrypting(watch));
            case DATABASE_PAUSED -> {
                pauseRotation(watch);
                killDatabase(kill, watch.newest());
                resumeRotation(watch);
            }
            case DATABASE_ANY -> {
                reach(watch, "REENCRYPTING", 0);
                Watch.pause(random.nextInt(3000));
                killDatabase(kill, watch.newest());
            }
        }
    }

    /**
     * A rotation that has come to this state, and moved so many subjects more than it has now: a new one if the present
     * one is past it.
     */
    private Watch.Seen reach(Watch watch, String wanted, long more) {
        while (true) {
            String before = "";
            long least = more;
            if (open().filter(state -> ORDER.indexOf(state) <= ORDER.indexOf(wanted))
                    .isEmpty()) {
                before = finish(watch);
                ask();
            } else if (more > 0) {
                least += watch.newest().done();
            }
            String past = before;
            long done = least;
            Watch.Seen seen = watch.until(
                    "a rotation is " + wanted,
                    PATIENCE,
                    now -> !now.id().equals(past)
                            && ((now.state().equals(wanted) && now.done() >= done)
                                    || ORDER.indexOf(now.state()) > ORDER.indexOf(wanted)));
            if (seen.state().equals(wanted)) {
                return seen;
            }
        }
    }

    private Optional<String> open() {
        return rows.texts("select state from vault.rotation where ended_at is null").stream()
                .findFirst();
    }

    /** A rotation that moves subjects just now; one that a kill left lying moves none until somebody takes it up. */
    private Watch.Seen reencrypting(Watch watch) {
        return reach(watch, "REENCRYPTING", 1 + random.nextInt(Math.max(1, plan.templates() / 5)));
    }

    /** Asks for a rotation, as a custodian who may be cut off. */
    private void ask() {
        String body = Json.createObjectBuilder()
                .add("mode", random.nextInt(3) == 0 ? "rewrap" : "reencrypt")
                .add("suite", random.nextBoolean() ? "AES_256_GCM" : "CHACHA20_POLY1305")
                .add("rate", plan.rate())
                .build()
                .toString();
        Thread custodian = new Thread(
                () -> {
                    Instant from = Instant.now();
                    try (Wire wire = new Wire(server.as("key-custodian"))) {
                        Wire.Reply reply = wire.send(
                                "POST",
                                "/rotations",
                                Map.of(
                                        "Content-Type",
                                        "application/json",
                                        "Idempotency-Key",
                                        "ask-" + UUID.randomUUID()),
                                body.getBytes(StandardCharsets.UTF_8));
                        if (reply.status() != 202) {
                            outages.failed(new Failure(from, Instant.now(), "rotate", reply.status(), reply.text()));
                        }
                    } catch (IOException e) {
                        outages.failed(new Failure(from, Instant.now(), "rotate", 0, String.valueOf(e.getMessage())));
                    }
                },
                "custodian");
        custodian.setDaemon(true);
        custodian.start();
    }

    private void pauseRotation(Watch watch) {
        for (int i = 0; i < 5; i++) {
            reencrypting(watch);
            String id = watch.newest().id();
            int status = server.as("operator")
                    .post("/rotations/" + id + ":pause")
                    .send()
                    .status();
            if (status == 200) {
                watch.until(
                        "the rotation is PAUSED", PATIENCE, seen -> seen.state().equals("PAUSED"));
                return;
            }
        }
        throw new AssertionError("No rotation could be paused");
    }

    /** A pause outlives the kill: nothing resumes by itself. */
    private void resumeRotation(Watch watch) {
        Watch.pause(4000);
        Watch.Seen seen = watch.newest();
        if (!seen.state().equals("PAUSED")) {
            outages.wrong("A rotation that was paused is " + seen);
        }
        server.as("operator").post("/rotations/" + seen.id() + ":resume").send().expect(200);
    }

    private void killHeld(Kill kill, Watch watch, Hold hold) {
        if (open().isEmpty()) {
            ask();
        }
        hold.awaitHeld(PATIENCE);
        outages.begin(What.SERVER);
        Watch.Seen seen = watch.newest();
        server.kill();
        hold.release();
        killed(kill, seen);
    }

    private void killServer(Kill kill, Watch.Seen seen) {
        outages.begin(What.SERVER);
        server.kill();
        killed(kill, seen);
    }

    private void killed(Kill kill, Watch.Seen seen) {
        killedIn.merge(seen.state(), 1, Integer::sum);
        String node = starts++ % 3 == 1 ? "crash-" + starts : "crash";
        say("server killed at " + kill + ": rotation " + seen.id().substring(0, 8) + " " + seen.state() + ", moved "
                + seen.done() + "; starts again as " + node);
        Watch.pause(random.nextInt(1000));
        server.environment("VAULT_NODE", node).start();
        outages.end(What.SERVER);
        say("  server ready again");
    }

    private void killDatabase(Kill kill, Watch.Seen seen) {
        outages.begin(What.DATABASE);
        home.killDatabase();
        say("PostgreSQL killed at " + kill + ": rotation " + seen.id().substring(0, 8) + " " + seen.state() + ", moved "
                + seen.done());
        Watch.pause(random.nextInt(500, 4000));
        home.restartDatabase();
        server.awaitReady(PATIENCE);
        outages.end(What.DATABASE);
        say("  PostgreSQL up again, server ready");
    }

    /** Waits for the newest rotation to end; its id, or nothing if there was none. */
    private String finish(Watch watch) {
        if (rows.number("select count(*) from vault.rotation") == 0) {
            return "";
        }
        Watch.Seen seen = watch.until("the rotation ends", PATIENCE, now -> Watch.FINAL.contains(now.state()));
        if (!seen.state().equals("DRAINED")) {
            outages.wrong("A rotation ended " + seen);
        }
        return seen.id();
    }

    private void summary(int faults) {
        say("rotations "
                + rows.texts("select state || ' ' || mode || ' ' || data_suite || ' ' || total || ' moved '"
                        + " || coalesce(ended_done, 0) || ' erased ' || coalesce(ended_erased, 0)"
                        + " from vault.rotation order by requested_at"));
        say("reads " + reads + ", writes " + writes + ", templates at the end "
                + books.expectedVersions().size()
                + ", versions " + rows.number("select count(*) from vault.template") + ", erased subjects "
                + rows.number("select count(*) from vault.erased_subject"));
        say("states of the rotation at the kills of its owner " + killedIn);
        say("server down " + outages.total(What.SERVER).toSeconds() + " s in " + plan.serverKills()
                + " kills, PostgreSQL down " + outages.total(What.DATABASE).toSeconds() + " s in "
                + plan.databaseKills() + " kills");
        say("failed requests " + outages.byKind() + ", stores without an answer, repeated at the end "
                + books.lost().size());
        say("lasted " + Duration.between(began, Instant.now()).toSeconds() + " s, faults " + faults);
    }

    private void say(String line) {
        String stamped = "[crash " + Duration.between(began, Instant.now()).toMillis() / 1000.0 + " s] " + line;
        report.add(stamped);
        System.out.println(stamped);
    }
}
