package org.templatevault.retention;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.annotation.security.RunAs;
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
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.Repeated;
import org.templatevault.job.Backoff;
import org.templatevault.job.LeasedJob;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Transactions;

/**
 * Carries bulk erasures on, the oldest first, on the one node that holds the lease; after a crash, or on another node, with
 * a new job that goes on where the rows say. Publishes approved policies and asks for the daily erasure, too.
 */
@Singleton
@Startup
@DependsOn("Startup")
@RunAs("system")
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class BulkErasureDriver {
    private static final System.Logger LOG = System.getLogger(BulkErasureDriver.class.getName());
    private static final String WORK = "retention";
    private static final long STEP_SECONDS = 1;
    private static final int TRIES_WITHOUT_PROGRESS = 4;
    private static final long SCHEDULE_SECONDS = 5;

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    KeyRings keyRings;

    @Inject
    BulkErasureJob job;

    @Inject
    BulkErasures erasures;

    @Inject
    BulkErasureLedger ledger;

    @Inject
    PolicyLedger policies;

    @Inject
    RetentionSchedule schedule;

    @Inject
    Backoff backoff;

    private @Nullable Future<?> steps;
    private @Nullable Future<?> looks;
    private String obstacle = "";
    private String obstacleOfLooks = "";
    private int failures;
    private long remainingAtLastFailure = -1;

    /** Begins. */
    @PostConstruct
    public void start() {
        steps = executor.scheduleWithFixedDelay(Repeated.of(this::tick), STEP_SECONDS, STEP_SECONDS, TimeUnit.SECONDS);
        looks = executor.scheduleWithFixedDelay(
                Repeated.of(this::look), STEP_SECONDS, SCHEDULE_SECONDS, TimeUnit.SECONDS);
    }

    /** Leaves what is under way to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        cancel(steps);
        cancel(looks);
    }

    private static void cancel(@Nullable Future<?> running) {
        if (running != null) {
            running.cancel(false);
        }
    }

    private void tick() {
        try {
            if (keyRings.isReady() && job.hold()) {
                AuditContext.inVault(WORK, this::work);
            }
            obstacle = "";
        } catch (RuntimeException e) {
            obstacle = report("The next step of an erasure has to wait: ", e, obstacle);
        }
    }

    private void work() {
        try {
            policies.carryOut();
        } finally {
            transactions.read(erasures::open).ifPresent(row -> run(row.id()));
        }
    }

    /** Beside the steps: what is under way does not wait for the search, and the lease is kept meanwhile. */
    private void look() {
        try {
            if (keyRings.isReady() && job.leaseToken().isPresent()) {
                AuditContext.inVault(WORK, schedule::look);
            }
            obstacleOfLooks = "";
        } catch (RuntimeException e) {
            obstacleOfLooks = report("The search for those whose time is over has to wait: ", e, obstacleOfLooks);
        }
    }

    /** An obstacle that lasts is logged once, not at every step. */
    private static String report(String what, RuntimeException failure, String before) {
        String message = String.valueOf(failure.getMessage());
        if (!message.equals(before)) {
            LOG.log(System.Logger.Level.WARNING, what + message, failure);
        }
        return message;
    }

    private void sayWhetherItBacksOff(UUID id) {
        String reason = backoff.reason();
        transactions.run(() -> {
            AuditContext.note("backingOff", id + ": " + (reason == null ? "no more" : reason));
            erasures.setBackingOff(id, reason);
        });
    }

    /** Starts a job unless one runs. One that a person stopped through the server's own tools pauses the erasure. */
    private void run(UUID id) {
        sayWhetherItBacksOff(id);
        BatchStatus status = job.look(id).orElse(null);
        if (status != null && LeasedJob.isLive(status)) {
            return;
        }
        if (status == BatchStatus.STOPPED) {
            transactions.call(() -> ledger.tryMove(id, BulkErasureState.PAUSED));
            return;
        }
        if (status == BatchStatus.FAILED) {
            countFailure(id);
        }
        job.start(id);
    }

    /** After a failure one subject at a time; who fails again and again is left, so that the others go on. */
    private void countFailure(UUID id) {
        long remaining = transactions.read(() -> ledger.get(id)).remaining();
        failures = remaining == remainingAtLastFailure ? failures + 1 : 1;
        remainingAtLastFailure = remaining;
        job.goSlowly(failures < TRIES_WITHOUT_PROGRESS);
        if (failures >= TRIES_WITHOUT_PROGRESS) {
            failures = 0;
            LOG.log(System.Logger.Level.ERROR, "Bulk erasure {0} cannot erase a subject, and leaves it", id);
            transactions.run(() -> {
                AuditContext.note("bulkErasure", id + " leaves a subject that it cannot erase");
                erasures.giveUpFirst(id);
            });
        }
    }
}
