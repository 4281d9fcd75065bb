package org.templatevault.rotation;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.config.Settings;
import org.templatevault.crypto.Suite;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.job.Pace;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.KeyStoreUnavailableException;
import org.templatevault.keyring.NodeReport;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.DatabaseIdentity;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Replays;
import org.templatevault.vault.RequestKey;

/** The rotations as their callers ask for and steer them; every transition of a state happens here. */
@ApplicationScoped
public class RotationLedger {
    private static final System.Logger LOG = System.getLogger(RotationLedger.class.getName());

    private static final String COMPROMISE = "compromise";

    /** Who asks for a rotation because the vault is in another database. */
    private static final String ANOTHER_DATABASE = "vault: another database";

    /** As before, in the place of a rotation that a person had paused. */
    private static final String PAUSED_IN_ANOTHER_DATABASE = ANOTHER_DATABASE + ", paused before";

    private static final Set<RotationState> NOTHING_MOVED =
            EnumSet.of(RotationState.REQUESTED, RotationState.STAGED, RotationState.ACTIVATED);

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
    Nodes nodes;

    @Inject
    DatabaseIdentity databaseIdentity;

    @Inject
    NodeReport nodeReport;

    @Inject
    Replays replays;

    @Inject
    ThisNode node;

    @Inject
    RotationReports reports;

    @Inject
    RotationRuns runs;

    /**
     * Records a rotation; the node that holds the lease carries it out.
     *
     * @throws RotationConflictException if one has not ended
     */
    public RotationReport request(RotationRequest request, String caller, @Nullable RequestKey key) {
        check(request);
        UUID id = UuidCreator.getTimeOrderedEpoch();
        UUID made = transactions.call(() -> {
            Instant now = now();
            Optional<Idempotency.Row> earlier = replays.claim(key, 202, null, id, null, now);
            if (earlier.isPresent()) {
                return Optional.ofNullable(earlier.get().resourceId()).orElseThrow(RotationNotFoundException::new);
            }
            if (request.reason().equals(COMPROMISE)) {
                // It does not wait: what the rotation under way has not moved, this one does.
                rotations
                        .open()
                        .filter(open -> !open.reason().equals(COMPROMISE))
                        .ifPresent(this::giveUp);
            }
            Rotations.Row row = row(id, request, caller, now);
            requireOnceActive(row.compromisedVersion());
            insert(row);
            return id;
        });
        return reports.of(made);
    }

    private void insert(Rotations.Row row) {
        if (!rotations.insert(row)) {
            throw RotationConflictException.alreadyOpen();
        }
        note(row.id(), RotationState.REQUESTED);
    }

    /**
     * Records a rotation in the place of the one that is open, to do what that one was to do; in another database.
     *
     * @param keep an open one that may stay
     * @param otherwise what is to be done where none is open
     * @return the id of the one that is open now
     */
    UUID replaceOpen(Predicate<Rotations.Row> keep, RotationRequest otherwise) {
        UUID id = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            if (!runs.keepsLease()) {
                throw new IllegalStateException("This node does not hold the lease of rotations");
            }
            Optional<Rotations.Row> open = rotations.open();
            Optional<Rotations.Row> kept = open.filter(keep);
            if (kept.isEmpty()) {
                open.ifPresent(this::giveUp);
                String caller = open.filter(RotationLedger::staysPaused).isPresent()
                        ? PAUSED_IN_ANOTHER_DATABASE
                        : ANOTHER_DATABASE;
                insert(row(id, open.map(RotationLedger::asAsked).orElse(otherwise), caller, now()));
            }
            return kept.map(Rotations.Row::id).orElse(id);
        });
    }

    private static boolean staysPaused(Rotations.Row row) {
        RotationState state = RotationState.valueOf(row.state());
        return state == RotationState.PAUSED || (NOTHING_MOVED.contains(state) && isToPause(row));
    }

    /** Whether a person had paused the rotation that this one has taken the place of: its version is needed, its moves wait. */
    static boolean isToPause(Rotations.Row row) {
        return row.requestedBy().equals(PAUSED_IN_ANOTHER_DATABASE);
    }

    /** Cancels it for another one, whose first state is told in the same transaction. */
    private void giveUp(Rotations.Row row) {
        if (tryMove(row.id(), RotationState.CANCELLED)) {
            AuditContext.note("replaced", row.id() + " " + RotationState.CANCELLED);
        }
    }

    private static RotationRequest asAsked(Rotations.Row row) {
        return new RotationRequest(row.mode(), row.reason(), row.dataSuite(), row.compromisedVersion(), row.rate());
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
                request.suite() == null ? presentSuite(versions, active) : request.suite(),
                active,
                newest + 1,
                0,
                request.rate(),
                compromised(request, active),
                null,
                null,
                caller,
                now,
                null,
                null);
    }

    /** The suite of new DEKs as it is: a rotation changes it only where it says so. */
    private String presentSuite(List<KeyVersions.Row> versions, int active) {
        return versions.stream()
                .filter(row -> row.version() == active)
                .map(KeyVersions.Row::dataSuite)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(settings.dataSuite());
    }

    private static @Nullable Integer compromised(RotationRequest request, int active) {
        if (!request.reason().equals(COMPROMISE)) {
            return null;
        }
        return request.version() == null ? active : request.version();
    }

    /** Also one that is being destroyed, or is: a rewrap keeps the DEKs that it has wrapped. */
    private void requireOnceActive(@Nullable Integer compromised) {
        boolean onceActive = compromised == null
                || keyVersions.all().stream()
                        .anyMatch(row -> row.version() == compromised && row.activatedAt() != null);
        if (!onceActive) {
            throw invalid("version", "a version that has been active");
        }
    }

    private static void check(RotationRequest request) {
        requireOneOf("mode", request.mode(), Set.of("reencrypt", "rewrap"));
        requireOneOf("reason", request.reason(), Set.of("manual", "scheduled", COMPROMISE));
        if (request.reason().equals(COMPROMISE) && !request.mode().equals("reencrypt")) {
            throw invalid("mode", "reencrypt: a rewrap keeps the DEKs that the compromised key can open");
        }
        if (request.version() != null && !request.reason().equals(COMPROMISE)) {
            throw invalid("version", "only with the reason compromise");
        }
        if (request.suite() != null) {
            requireOneOf("suite", request.suite(), Set.of(Suite.CHACHA20_POLY1305.name(), Suite.AES_256_GCM.name()));
        }
        Pace.requireRate(request.rate());
    }

    private static void requireOneOf(String field, String value, Set<String> allowed) {
        if (!allowed.contains(value)) {
            throw invalid(field, "one of " + allowed.stream().sorted().toList());
        }
    }

    private static VaultException invalid(String field, String rule) {
        return new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
    }

    /** Says which key store the next version waits for; what exactly is wrong with it stands in that node's log. */
    void waitsFor(KeyStoreUnavailableException keyStore) {
        String reason = "the key store of " + node.name() + " (" + keyStore.setting() + "), whose log says why";
        transactions.run(() -> rotations.setObstacle(RotationState.REQUESTED.name(), reason));
    }

    /** Gives the rotation up until somebody resumes it, and says whose log has the reason. */
    boolean fail(UUID id) {
        return transactions.call(() -> {
            boolean failed = tryMoveAsOwner(id, EnumSet.allOf(RotationState.class), RotationState.FAILED);
            if (failed) {
                rotations.setObstacle(
                        RotationState.FAILED.name(),
                        "the repair of what its job failed at, which the log of " + node.name()
                                + " says, and a resume");
            }
            return failed;
        });
    }

    /** Stops the job at the end of its chunks; {@link #resume} goes on. */
    public RotationReport pause(UUID id) {
        return move(id, EnumSet.allOf(RotationState.class), RotationState.PAUSED);
    }

    /** Goes on after a pause or a failure. */
    public RotationReport resume(UUID id) {
        return move(id, RotationState.STOPPED, RotationState.REENCRYPTING);
    }

    /** Gives the rotation up; both versions stay usable, and the next rotation moves what remains. */
    public RotationReport cancel(UUID id) {
        return move(id, EnumSet.allOf(RotationState.class), RotationState.CANCELLED);
    }

    /** Changes how many subjects a second may be moved, also while they are. */
    public RotationReport changeRate(UUID id, @Nullable Integer rate) {
        Pace.requireRate(rate);
        transactions.run(() -> {
            Rotations.Row row = rotations.find(id).orElseThrow(RotationNotFoundException::new);
            if (!rotations.setRate(id, rate)) {
                throw RotationConflictException.ended(row.state());
            }
        });
        return reports.of(id);
    }

    private RotationReport move(UUID id, Set<RotationState> from, RotationState to) {
        transactions.run(() -> {
            Rotations.Row row = rotations.find(id).orElseThrow(RotationNotFoundException::new);
            if (!tryMove(id, from, to)) {
                throw RotationConflictException.illegal(RotationState.valueOf(row.state()), to);
            }
        });
        return reports.of(id);
    }

    /** Makes the transition if the present state allows it; part of the caller's transaction. */
    boolean tryMove(UUID id, RotationState to) {
        return tryMove(id, EnumSet.allOf(RotationState.class), to);
    }

    /**
     * As {@link #tryMove(UUID, RotationState)}, from these states only: what was read a moment ago may have been paused since,
     * and only a person ends a pause.
     */
    boolean tryMove(UUID id, Set<RotationState> from, RotationState to) {
        List<String> states = to.predecessors().stream()
                .filter(from::contains)
                .map(Enum::name)
                .toList();
        boolean moved = to.isFinal() ? rotations.end(id, states, to.name()) : rotations.move(id, states, to.name());
        if (moved) {
            note(id, to);
        }
        return moved;
    }

    /** As {@link #tryMove(UUID, Set, RotationState)}, of the vault's own work: not where another node has it by now. */
    boolean tryMoveAsOwner(UUID id, Set<RotationState> from, RotationState to) {
        return runs.keepsLease() && tryMove(id, from, to);
    }

    /**
     * Makes the new version: durable in the key store before the row commits, and used by nobody before that commit.
     * Running it again after a crash makes another root key and leaves the first in the key store.
     */
    void stage(Rotations.Row row) {
        transactions.run(() -> {
            if (tryMoveAsOwner(row.id(), Set.of(RotationState.REQUESTED), RotationState.STAGED)) {
                keyRings.stage(row.toVersion());
                rotations.setObstacle(RotationState.STAGED.name(), null);
            }
        });
        nodeReport.report();
    }

    /**
     * Makes the new version the one that wraps, and counts what is to be moved, in one transaction; not before every node
     * that is alive can unwrap with it.
     */
    void activate(Rotations.Row row) {
        List<String> waitedFor = transactions.read(() -> nodes.withoutVersion(row.toVersion()));
        if (!waitedFor.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "Version {0} waits for the nodes {1}", row.toVersion(), waitedFor);
            return;
        }
        divide(row);
        transactions.run(() -> {
            // Looked at again: sorting took long, and a node may have come, or come back, without the version.
            if (runs.keepsLease()
                    && rotations.hold(row.id(), RotationState.STAGED.name())
                    && nodes.withoutVersion(row.toVersion()).isEmpty()) {
                activateHeld(row);
            }
        });
        keyRings.refresh();
    }

    /**
     * Sorting all ids takes long: before the transaction that all writers of new subjects wait for, and without a lock. Each
     * node does it once at most: one that has lost the lease meanwhile only has to activate when the lease is its again.
     */
    private void divide(Rotations.Row row) {
        if (!transactions.read(() -> rotations.ranges(row.id())).isEmpty()) {
            return;
        }
        List<UUID> bounds = transactions.patiently(
                () -> transactions.read(() -> rotations.bounds(row.toVersion(), settings.rotationPartitions())));
        transactions.run(() -> {
            if (rotations.hold(row.id(), RotationState.STAGED.name())) {
                AuditContext.note("rotation", row.id() + " divided into " + settings.rotationPartitions());
                rotations.insertRanges(row.id(), bounds);
            }
        });
    }

    private void activateHeld(Rotations.Row row) {
        String suite = row.mode().equals("reencrypt") ? row.dataSuite() : suiteOf(row.fromVersion());
        keyVersions.activate(row.toVersion(), suite, row.compromisedVersion(), now());
        databaseIdentity.record(databaseIdentity.present());
        rotations.activated(row.id());
        note(row.id(), RotationState.ACTIVATED);
        if (row.reason().equals(COMPROMISE) || rotations.hasCompromiseAfterSigningKey()) {
            List<String> made = keyRings.renewServiceKeys(row.toVersion(), now());
            AuditContext.note("serviceKeys", String.join(", ", made));
        }
    }

    private static void note(UUID rotation, RotationState state) {
        AuditContext.note("rotation", rotation + " " + state);
    }

    private @Nullable String suiteOf(int version) {
        return keyVersions.all().stream()
                .filter(row -> row.version() == version)
                .findFirst()
                .map(KeyVersions.Row::dataSuite)
                .orElse(null);
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
