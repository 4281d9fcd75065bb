package org.templatevault.rotation;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.annotation.security.RunAs;
import jakarta.batch.runtime.BatchRuntime;
import jakarta.batch.runtime.BatchStatus;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.inject.Inject;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.Repeated;
import org.templatevault.job.Backoff;
import org.templatevault.job.LeasedJob;
import org.templatevault.keyring.Kek;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.KeyStoreUnavailableException;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;

/**
 * Carries rotations on, one step a second, on the one node that holds the lease: after a crash, on another node, under
 * another host name, it reads the rotation's row and goes on from there with a new job.
 */
@Singleton
@Startup
@DependsOn("Startup")
@RunAs("system")
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class RotationDriver {
    private static final System.Logger LOG = System.getLogger(RotationDriver.class.getName());
    private static final long STEP_SECONDS = 1;
    private static final int TRIES_WITHOUT_PROGRESS = 10;

    private record Failure(UUID rotation, long done) {}

    @Inject
    Transactions transactions;

    @Inject
    Rotations rotations;

    @Inject
    RotationLedger ledger;

    @Inject
    RotationRuns runs;

    @Inject
    Backoff backoff;

    @Inject
    QuarantineLedger quarantine;

    @Inject
    RotationSchedule schedule;

    @Inject
    KeyRings keyRings;

    @Inject
    KeyVersions keyVersions;

    @Resource
    ManagedScheduledExecutorService executor;

    private @Nullable Future<?> steps;
    private String obstacle = "";
    private boolean repositoryPrepared;
    private int failures;
    private @Nullable Failure lastFailure;

    /** Begins to look after rotations. A timer of the container would hold up the server's stop for half a minute. */
    @PostConstruct
    public void start() {
        steps = executor.scheduleWithFixedDelay(Repeated.of(this::tick), STEP_SECONDS, STEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Leaves rotations to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        Future<?> running = steps;
        if (running != null) {
            running.cancel(false);
        }
    }

    private void tick() {
        if (!keyRings.isReady()) {
            return;
        }
        try {
            prepareJobRepository();
            if (!followsDatabase()) {
                leave();
            } else if (runs.hold()) {
                AuditContext.inVault("rotation", this::work);
            }
            obstacle = "";
        } catch (RuntimeException e) {
            report(e);
        }
    }

    private void leave() {
        if (runs.leave()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "This node does not have the active version: others may carry rotations");
        }
    }

    /**
     * Whether this node wraps under the version that the database has as the active one. One that cannot have its key can move
     * no subject: it leaves rotations to the others.
     */
    private boolean followsDatabase() {
        Kek active = keyRings.current().active();
        return transactions.read(() -> keyVersions.isActive(active.version(), active.fingerprint()));
    }

    /**
     * What a release meets does not keep the rotation that is open from going on. What the schedule meets does: it also
     * looks whether this is another database, where that rotation may have to be given up.
     */
    private void work() {
        schedule.look();
        try {
            quarantine.carryOutReleases();
        } finally {
            advanceAsFarAsPossible();
        }
    }

    /**
     * The server makes the tables of its job repository, or looks whether they are there, when they are first used: not
     * at a moment when it takes over, where it would wait for what the other node has locked.
     */
    private void prepareJobRepository() {
        if (!repositoryPrepared) {
            repositoryPrepared = BatchRuntime.getJobOperator().getJobNames() != null;
        }
    }

    /** An obstacle that lasts is logged once, not at every step. */
    private void report(RuntimeException failure) {
        String message = String.valueOf(failure.getMessage());
        if (!message.equals(obstacle)) {
            obstacle = message;
            LOG.log(System.Logger.Level.WARNING, "The rotation's next step has to wait: " + message, failure);
        }
        if (failure instanceof KeyStoreUnavailableException keyStore) {
            tell(keyStore);
        }
    }

    private void tell(KeyStoreUnavailableException keyStore) {
        try {
            ledger.waitsFor(keyStore);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "The rotation does not say what it waits for", e);
        }
    }

    private void advanceAsFarAsPossible() {
        String state = "";
        Optional<Rotations.Row> open = transactions.call(rotations::open);
        while (open.isPresent() && !open.get().state().equals(state)) {
            state = open.get().state();
            advance(open.get());
            open = transactions.call(rotations::open);
        }
    }

    private void advance(Rotations.Row row) {
        switch (RotationState.valueOf(row.state())) {
            case REQUESTED -> ledger.stage(row);
            case STAGED -> ledger.activate(row);
            case ACTIVATED -> begin(row);
            case REENCRYPTING, VERIFYING -> run(row.id());
            case PAUSED, FAILED, DRAINED, DRAINED_WITH_QUARANTINE, CANCELLED -> runs.giveBack(row.id());
        }
    }

    private void begin(Rotations.Row row) {
        if (RotationLedger.isToPause(row)) {
            pause(row.id(), Set.of(RotationState.ACTIVATED));
        } else {
            run(row.id());
        }
    }

    /** Starts a job unless one runs. One that a person stopped through the server's own tools pauses the rotation. */
    private void run(UUID rotation) {
        String reason = backoff.reason();
        transactions.run(() -> {
            AuditContext.note("backingOff", rotation + ": " + (reason == null ? "no more" : reason));
            rotations.setBackingOff(rotation, reason);
        });
        BatchStatus status = runs.look(rotation).orElse(null);
        if (status != null && LeasedJob.isLive(status)) {
            return;
        }
        if (status == BatchStatus.STOPPED) {
            boolean paused = pause(rotation, EnumSet.allOf(RotationState.class));
            LOG.log(System.Logger.Level.INFO, "The job of rotation {0} was stopped, paused={1}", rotation, paused);
            return;
        }
        boolean failed = status == BatchStatus.FAILED || status == BatchStatus.ABANDONED;
        if (!failed || !givesUp(rotation)) {
            runs.start(rotation);
        }
    }

    private boolean pause(UUID rotation, Set<RotationState> from) {
        return transactions.call(() -> ledger.tryMoveAsOwner(rotation, from, RotationState.PAUSED));
    }

    private boolean givesUp(UUID rotation) {
        Failure failure = new Failure(
                rotation, transactions.call(() -> rotations.progress(rotation)).done());
        failures = failure.equals(lastFailure) ? failures + 1 : 1;
        lastFailure = failure;
        if (failures < TRIES_WITHOUT_PROGRESS) {
            return false;
        }
        failures = 0;
        LOG.log(System.Logger.Level.ERROR, "Rotation {0} failed without progress; resume it when mended", rotation);
        return ledger.fail(rotation);
    }
}
