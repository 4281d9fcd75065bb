package org.templatevault.job;

import jakarta.batch.operations.NoSuchJobExecutionException;
import jakarta.batch.runtime.BatchRuntime;
import jakarta.batch.runtime.BatchStatus;
import jakarta.batch.runtime.context.JobContext;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;

/**
 * A kind of job whose only parameter is the id of a row: which executions of it run on this node, and the lease under which
 * they may. The job, its parameter and its lease have one name.
 */
public abstract class LeasedJob {
    private static final System.Logger LOG = System.getLogger(LeasedJob.class.getName());
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Set<BatchStatus> LIVE =
            Set.of(BatchStatus.STARTING, BatchStatus.STARTED, BatchStatus.STOPPING);

    /** Longer than a server that is told to stop goes on working: it ends its jobs as if a person had. */
    private static final Duration SERVER_STOPS_WITHIN = Duration.ofSeconds(35);

    private final Map<UUID, Long> executions = new ConcurrentHashMap<>();
    private final Map<Long, Long> stoppedAt = new ConcurrentHashMap<>();
    private final AtomicLong leaseToken = new AtomicLong();

    @Inject
    ThisNode node;

    @Inject
    Transactions transactions;

    @Inject
    Leases leases;

    @Inject
    LostExecutions lostExecutions;

    /** The name of the job. */
    public abstract String name();

    /** Takes or renews the lease; whether this node has it. */
    public boolean hold() {
        Optional<Long> token;
        try {
            token = transactions.call(() -> leases.holdInTime(name(), node.id(), LEASE));
        } catch (RuntimeException e) {
            leaseToken.set(0);
            throw e;
        }
        leaseToken.set(token.orElse(0L));
        return token.isPresent();
    }

    /**
     * Gives the lease back: another node goes on at once, and from then on what this one runs writes nothing more.
     *
     * @return whether this node had it
     */
    public boolean leave() {
        boolean had = leaseToken.getAndSet(0) != 0;
        if (had) {
            transactions.run(() -> leases.giveBack(name(), node.id()));
        }
        return had;
    }

    /** The token of the lease that this node holds, or nothing. */
    public Optional<Long> leaseToken() {
        long token = leaseToken.get();
        return token == 0 ? Optional.empty() : Optional.of(token);
    }

    /** Whether this node holds the lease, now and until the caller's transaction ends. One that slept past it does not. */
    public boolean keepsLease() {
        return leaseToken().filter(token -> leases.keep(name(), token)).isPresent();
    }

    /** Starts an execution for a row. */
    public void start(UUID row) {
        Properties parameters = new Properties();
        parameters.setProperty(name(), row.toString());
        long started = BatchRuntime.getJobOperator().start(name(), parameters);
        lostExecutions.noteStart(started);
        begin(row, started);
        LOG.log(System.Logger.Level.INFO, "{0} {1} runs in job execution {2}", name(), row, Long.toString(started));
    }

    /** The row of an execution, or nothing where somebody made the parameter up. */
    public static Optional<UUID> row(JobContext execution, String name) {
        String parameter = BatchRuntime.getJobOperator()
                .getParameters(execution.getExecutionId())
                .getProperty(name, "");
        try {
            return Optional.of(UUID.fromString(parameter));
        } catch (IllegalArgumentException madeUp) {
            return Optional.empty();
        }
    }

    /** Takes the row for an execution; false if another one on this node has it and has not ended. */
    public synchronized boolean begin(UUID row, long execution) {
        giveBack(row);
        Long holder = executions.putIfAbsent(row, execution);
        return holder == null || holder == execution;
    }

    /** Gives the row back. */
    public void end(UUID row, long execution) {
        executions.remove(row, execution);
    }

    /**
     * What became of the execution that has the row, or nothing; one that has ended gives it back by this. One that was
     * stopped is STOPPING until this process has gone on for as long as it would not if the whole server were to stop: the
     * row then goes on elsewhere, or with the next start. One that never began is ABANDONED: nothing of it has failed.
     */
    public synchronized Optional<BatchStatus> look(UUID row) {
        Long execution = executions.get(row);
        if (execution == null) {
            return Optional.empty();
        }
        BatchStatus status = status(execution);
        if (status == BatchStatus.STOPPED && !isServerGoingOn(execution)) {
            return Optional.of(BatchStatus.STOPPING);
        }
        if (!isLive(status)) {
            forget(row, execution);
        }
        return Optional.of(status);
    }

    private boolean isServerGoingOn(long execution) {
        long now = System.nanoTime();
        return now - stoppedAt.computeIfAbsent(execution, first -> now) >= SERVER_STOPS_WITHIN.toNanos();
    }

    /** Gives a row back that nobody is to work at, if its execution has ended in any way. */
    public synchronized void giveBack(UUID row) {
        Long execution = executions.get(row);
        if (execution != null && !isLive(status(execution))) {
            forget(row, execution);
        }
    }

    /** Only one that has ended can be taken out of the repository, which an operator may do to what he has stopped. */
    private BatchStatus status(long execution) {
        BatchStatus status;
        try {
            status = BatchRuntime.getJobOperator().getJobExecution(execution).getBatchStatus();
        } catch (NoSuchJobExecutionException purged) {
            return BatchStatus.STOPPED;
        }
        if (isLive(status) && lostExecutions.neverBegan(execution)) {
            return lost(execution, status, BatchStatus.ABANDONED);
        }
        if (isLive(status) && lostExecutions.hasEnded(execution)) {
            return lost(execution, status, BatchStatus.FAILED);
        }
        return status;
    }

    private static BatchStatus lost(long execution, BatchStatus counted, BatchStatus actual) {
        LOG.log(
                System.Logger.Level.WARNING,
                "Job execution {0} counts as {1}, and is {2}: its connection to the database was lost",
                Long.toString(execution),
                counted,
                actual);
        return actual;
    }

    private void forget(UUID row, long execution) {
        end(row, execution);
        lostExecutions.forget(execution);
        stoppedAt.remove(execution);
    }

    /** Whether an execution in this state still does something. */
    public static boolean isLive(BatchStatus status) {
        return LIVE.contains(status);
    }
}
