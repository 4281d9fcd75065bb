package org.templatevault.chaos;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.templatevault.chaos.Outages.Failure;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Watches the newest rotation: its state by the superuser every few milliseconds, its figures by the API and by SQL, where
 * total = done + remaining + quarantined + erased must hold in every snapshot.
 */
final class Watch implements AutoCloseable {
    /** A rotation as the database has it. */
    record Seen(String id, String state, long done) {}

    static final Set<String> FINAL = Set.of("DRAINED", "DRAINED_WITH_QUARANTINE", "CANCELLED");

    private static final String NEWEST = "select id, state, (select coalesce(sum(subjects), 0) from vault.subject_count"
            + " where kind = 'MOVED_OUT' and rotation_id = r.id) from vault.rotation r order by requested_at desc limit 1";

    /** In one snapshot, from the rows themselves where there are rows, and from the deltas where there are none. */
    private static final String EQUATION = """
            select r.total - r.ended, n.moved + n.older + n.erased - r.erased_before - r.total as difference,
              (select count(*) from (
                 (select kek_version, count(*) as subjects from vault.subject_key group by 1)
                 except (select kek_version,
                     sum(case when kind in ('CREATED', 'MOVED_IN') then subjects else -subjects end)
                     from vault.subject_count group by 1)) d) as versions_off
            from (select *, coalesce(ended_done + ended_remaining + ended_quarantined + ended_erased, total) as ended
                  from vault.rotation order by requested_at desc limit 1) r
            cross join lateral (select
              (select coalesce(sum(subjects), 0) from vault.subject_count
                 where kind = 'MOVED_OUT' and rotation_id = r.id) as moved,
              (select count(*) from vault.subject_key where kek_version < r.to_version) as older,
              (select coalesce(sum(subjects), 0) from vault.subject_count
                 where kind = 'ERASED' and kek_version < r.to_version) as erased) n
            where r.started_at is not null""";

    private final TestHome home;
    private final Outages outages;
    private final Wire wire;
    private final AtomicLong apiPolls = new AtomicLong();
    private final AtomicLong sqlPolls = new AtomicLong();
    private final Thread apiThread;
    private final Thread sqlThread;
    private volatile boolean stopped;

    Watch(VaultServer server, Outages outages) {
        this.home = server.home();
        this.outages = outages;
        this.wire = new Wire(server.as("operator"));
        this.apiThread = new Thread(this::pollApi, "watch-api");
        this.sqlThread = new Thread(this::pollSql, "watch-sql");
        apiThread.start();
        sqlThread.start();
    }

    /** The newest rotation; waits while the database is down. */
    Seen newest() {
        return until("a rotation is there", Duration.ofSeconds(60), seen -> true);
    }

    /** Asks every few milliseconds until the newest rotation is like this. */
    Seen until(String what, Duration patience, Predicate<Seen> wanted) {
        Instant end = Instant.now().plus(patience);
        String last = "nothing";
        while (Instant.now().isBefore(end)) {
            try (Connection connection = home.superuser().getConnection();
                    PreparedStatement statement = connection.prepareStatement(NEWEST)) {
                while (Instant.now().isBefore(end)) {
                    Seen seen = read(statement);
                    if (seen != null && wanted.test(seen)) {
                        return seen;
                    }
                    last = String.valueOf(seen);
                    pause(3);
                }
            } catch (SQLException down) {
                pause(100);
            }
        }
        throw new AssertionError("Still waiting after " + patience + ": " + what + ", last seen " + last);
    }

    private static @Nullable Seen read(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            return row.next() ? new Seen(row.getString(1), row.getString(2), row.getLong(3)) : null;
        }
    }

    private void pollApi() {
        while (!stopped) {
            Instant from = Instant.now();
            try {
                Wire.Reply reply = wire.send("GET", "/rotations", Map.of(), new byte[0]);
                if (reply.status() == 200) {
                    Reader.json(reply).getJsonArray("rotations").getValuesAs(JsonObject.class).stream()
                            .limit(2)
                            .forEach(this::one);
                } else {
                    outages.failed(new Failure(from, Instant.now(), "rotations", reply.status(), reply.text()));
                }
            } catch (IOException e) {
                outages.failed(new Failure(
                        wire.brokenSince(from), Instant.now(), "rotations", 0, String.valueOf(e.getMessage())));
            }
            pause(400);
        }
    }

    private void one(JsonObject listed) {
        Instant from = Instant.now();
        try {
            Wire.Reply reply = wire.send("GET", "/rotations/" + listed.getString("id"), Map.of(), new byte[0]);
            if (reply.status() != 200) {
                outages.failed(new Failure(from, Instant.now(), "rotation", reply.status(), reply.text()));
                return;
            }
            JsonObject rotation = Reader.json(reply);
            if (rotation.isNull("startedAt")) {
                return;
            }
            apiPolls.incrementAndGet();
            long sum = 0;
            for (String part : Set.of("done", "remaining", "quarantined", "erased")) {
                long value = rotation.getJsonNumber(part).longValue();
                sum += value;
                if (value < 0) {
                    outages.wrong("A rotation reports less than nothing: " + rotation);
                }
            }
            if (sum != rotation.getJsonNumber("total").longValue()) {
                outages.wrong("The equation does not hold: " + rotation);
            }
        } catch (IOException e) {
            outages.failed(
                    new Failure(wire.brokenSince(from), Instant.now(), "rotation", 0, String.valueOf(e.getMessage())));
        }
    }

    private void pollSql() {
        while (!stopped) {
            try (Connection connection = home.superuser().getConnection();
                    PreparedStatement statement = connection.prepareStatement(EQUATION)) {
                while (!stopped) {
                    try (ResultSet row = statement.executeQuery()) {
                        while (row.next()) {
                            sqlPolls.incrementAndGet();
                            if (row.getLong(1) != 0 || row.getLong(3) != 0) {
                                outages.wrong("In SQL: ended differs by " + row.getLong(1) + ", " + row.getLong(3)
                                        + " versions differ from their counts");
                            }
                            if (row.getLong(2) != 0) {
                                outages.wrong("In SQL the equation differs by " + row.getLong(2));
                            }
                        }
                    }
                    pause(250);
                }
            } catch (SQLException down) {
                pause(250);
            }
        }
    }

    long apiPolls() {
        return apiPolls.get();
    }

    long sqlPolls() {
        return sqlPolls.get();
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    @Override
    public void close() {
        stopped = true;
        try {
            apiThread.join(70_000);
            sqlThread.join(70_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        wire.close();
    }
}
