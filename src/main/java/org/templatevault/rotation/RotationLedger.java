package org.templatevault.rotation;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.crypto.Suite;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Replays;
import org.templatevault.vault.RequestKey;

/** The rotations as their callers see and steer them; every transition of a state happens here. */
@ApplicationScoped
public class RotationLedger {
    /**
     * A rotation and how far it is.
     *
     * @param subjectsPerSecond lately, or on the whole for one that ended
     * @param estimatedEnd null while nothing moves
     */
    public record Report(
            Rotations.Row row,
            Rotations.Progress progress,
            double subjectsPerSecond,
            @Nullable Instant estimatedEnd) {}

    private static final double WINDOW_SECONDS = 10;
    private static final Rotations.Progress NOTHING_YET = new Rotations.Progress(0, 0, 0, 0, 0);

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    Rotations rotations;

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyRings keyRings;

    @Inject
    Replays replays;

    /**
     * Records a rotation; the node that holds the lease carries it out.
     *
     * @throws RotationConflictException if one has not ended
     */
    public Report request(RotationRequest request, String caller, @Nullable RequestKey key) {
        check(request);
        UUID id = UuidCreator.getTimeOrderedEpoch();
        UUID made = transactions.call(() -> {
            Instant now = now();
            Optional<Idempotency.Row> earlier = replays.claim(key, 202, null, id, null, now);
            if (earlier.isPresent()) {
                return Optional.ofNullable(earlier.get().resourceId()).orElseThrow(RotationNotFoundException::new);
            }
            if (!rotations.insert(row(id, request, caller, now))) {
                throw RotationConflictException.alreadyOpen();
            }
            return id;
        });
        return report(made);
    }

    private Rotations.Row row(UUID id, RotationRequest request, String caller, Instant now) {
        List<KeyVersions.Row> versions = keyVersions.all();
        int newest = versions.get(versions.size() - 1).version();
        int active = versions.stream()
                .filter(version -> version.state().equals("ACTIVE"))
                .mapToInt(KeyVersions.Row::version)
                .findFirst()
                .orElse(newest);
        return new Rotations.Row(
                id,
                RotationState.REQUESTED.name(),
                request.mode(),
                request.reason(),
                request.suite() == null ? settings.dataSuite() : request.suite(),
                active,
                newest + 1,
                0,
                request.rate(),
                caller,
                now,
                null,
                null);
    }

    private static void check(RotationRequest request) {
        requireOneOf("mode", request.mode(), Set.of("reencrypt", "rewrap"));
        requireOneOf("reason", request.reason(), Set.of("manual", "scheduled"));
        if (request.suite() != null) {
            requireOneOf("suite", request.suite(), Set.of(Suite.CHACHA20_POLY1305.name(), Suite.AES_256_GCM.name()));
        }
        requireRate(request.rate());
    }

    private static void requireOneOf(String field, String value, Set<String> allowed) {
        if (!allowed.contains(value)) {
            throw invalid(field, "one of " + allowed.stream().sorted().toList());
        }
    }

    private static void requireRate(@Nullable Integer rate) {
        if (rate != null && (rate < 1 || rate > 1_000_000)) {
            throw invalid("rate", "1 to 1000000 subjects per second, or null for no limit");
        }
    }

    private static VaultException invalid(String field, String rule) {
        return new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
    }

    /** One rotation. */
    public Report report(UUID id) {
        return report(rotations.find(id).orElseThrow(RotationNotFoundException::new));
    }

    /** The newest rotations. */
    public List<Report> newest() {
        return rotations.newest().stream().map(this::report).toList();
    }

    private Report report(Rotations.Row row) {
        Rotations.Progress progress = row.startedAt() == null ? NOTHING_YET : rotations.progress(row.id());
        double rate = rate(row, progress);
        boolean moving = row.endedAt() == null && rate > 0;
        Instant end = moving ? Instant.now().plusMillis((long) (progress.remaining() / rate * 1000)) : null;
        return new Report(row, progress, rate, end);
    }

    private static double rate(Rotations.Row row, Rotations.Progress progress) {
        if (row.startedAt() == null) {
            return 0;
        }
        if (row.endedAt() != null) {
            long millis =
                    Math.max(1, Duration.between(row.startedAt(), row.endedAt()).toMillis());
            return progress.done() * 1000.0 / millis;
        }
        double seconds = Duration.between(row.startedAt(), Instant.now()).toMillis() / 1000.0;
        return progress.lately() / Math.max(1, Math.min(WINDOW_SECONDS, seconds));
    }

    /** Stops the job at the end of its chunks; {@link #resume} goes on. */
    public Report pause(UUID id) {
        return move(id, RotationState.PAUSED);
    }

    /** Goes on after a pause or a failure. */
    public Report resume(UUID id) {
        return move(id, RotationState.REENCRYPTING);
    }

    /** Gives the rotation up; both versions stay usable, and the next rotation moves what remains. */
    public Report cancel(UUID id) {
        return move(id, RotationState.CANCELLED);
    }

    /** Changes how many subjects a second may be moved, also while they are. */
    public Report changeRate(UUID id, @Nullable Integer rate) {
        requireRate(rate);
        transactions.run(() -> {
            Rotations.Row row = rotations.find(id).orElseThrow(RotationNotFoundException::new);
            if (!rotations.setRate(id, rate)) {
                throw RotationConflictException.illegal(RotationState.valueOf(row.state()), RotationState.REENCRYPTING);
            }
        });
        return report(id);
    }

    private Report move(UUID id, RotationState to) {
        transactions.run(() -> {
            Rotations.Row row = rotations.find(id).orElseThrow(RotationNotFoundException::new);
            if (!tryMove(id, to)) {
                throw RotationConflictException.illegal(RotationState.valueOf(row.state()), to);
            }
        });
        return report(id);
    }

    /** Makes the transition if the present state allows it; part of the caller's transaction. */
    boolean tryMove(UUID id, RotationState to) {
        return to.isFinal()
                ? rotations.end(id, to.predecessors(), to.name(), now())
                : rotations.move(id, to.predecessors(), to.name());
    }

    /**
     * Makes the new version: durable in the key store before the row commits, and used by nobody before that commit.
     * Running it again after a crash makes another root key and leaves the first in the key store.
     */
    void stage(Rotations.Row row) {
        transactions.run(() -> {
            if (tryMove(row.id(), RotationState.STAGED)) {
                keyRings.stage(row.toVersion());
            }
        });
    }

    /**
     * Makes the new version the one that wraps, and counts and divides what is to be moved, in one transaction. Waits
     * while this node cannot unwrap the new version: once it is active, nobody can store without it.
     */
    void activate(Rotations.Row row) {
        keyRings.refresh().require(row.toVersion());
        transactions.run(() -> {
            keyVersions.activate(row.toVersion(), now());
            rotations.activated(row.id(), now());
            rotations.insertRanges(row.id(), settings.rotationPartitions());
        });
        keyRings.refresh();
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
