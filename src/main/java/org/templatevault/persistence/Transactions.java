package org.templatevault.persistence;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.UserTransaction;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * Runs work in one transaction and, where PostgreSQL says that trying again is right, runs the whole of it again:
 * serialization failures, deadlocks and connections lost before the commit. A connection lost during the commit is not
 * tried again: what became of it is unknown, and the caller is told so.
 */
@ApplicationScoped
public class Transactions {
    private static final int TRIES = 6;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);

    @Resource
    UserTransaction transaction;

    @Inject
    Event<TransactionBegan> began;

    @Inject
    Event<TransactionEnding> ending;

    @Inject
    Event<TransactionFailed> failed;

    @Inject
    Sql sql;

    private static final int SNAPSHOT_SECONDS = 3600;
    private static final ThreadLocal<Boolean> UNDER_WAY = ThreadLocal.withInitial(() -> false);

    /**
     * Runs the work and commits.
     *
     * @param work may run several times; it must not keep what an earlier run computed
     * @throws DatabaseUnavailableException if the database is away or the outcome of the commit is unknown
     */
    public <T> T call(Supplier<T> work) {
        for (int attempt = 1; ; attempt++) {
            try {
                return once(work);
            } catch (TryAgainException e) {
                if (attempt == TRIES) {
                    throw new DatabaseUnavailableException(e);
                }
                pause(attempt);
            }
        }
    }

    /** As {@link #call}, for work without a result. */
    public void run(Runnable work) {
        Boolean done = call(() -> {
            work.run();
            return Boolean.TRUE;
        });
        if (!done) {
            throw new IllegalStateException("The transaction did not run");
        }
    }

    /**
     * Runs a read outside any transaction, in which each statement is a snapshot of its own; again, on another
     * connection, where one was lost. Inside one it is part of it, and only the whole can be tried again.
     *
     * @throws DatabaseUnavailableException if the database is away
     */
    public <T> T read(Supplier<T> work) {
        for (int attempt = 1; ; attempt++) {
            try {
                return work.get();
            } catch (RuntimeException e) {
                RuntimeException sorted = Failures.duringWork(e);
                if (isUnderWay() || !(sorted instanceof TryAgainException)) {
                    throw sorted;
                }
                if (attempt == TRIES) {
                    throw new DatabaseUnavailableException(sorted);
                }
                pause(attempt);
            }
        }
    }

    /** Whether this thread is inside {@link #call}: the end of its transaction will be told by an event. */
    public boolean isUnderWay() {
        return UNDER_WAY.get();
    }

    /**
     * Runs work in one transaction that sees one state of the database from its first statement to its last; it, and each of
     * its statements, may take an hour. Not again where it fails.
     */
    public <T> T snapshot(Supplier<T> work) {
        try {
            transaction.setTransactionTimeout(SNAPSHOT_SECONDS);
            return Sql.patiently(() -> once(() -> {
                sql.update("set transaction isolation level repeatable read");
                return work.get();
            }));
        } catch (TryAgainException e) {
            throw new DatabaseUnavailableException(e);
        } catch (SystemException e) {
            throw new IllegalStateException("The transaction manager takes no time limit", e);
        } finally {
            resetTimeout();
        }
    }

    /**
     * Runs work whose statements read whole tables: each of them, and a transaction, may take an hour. For reads and
     * transactions that are begun inside, and of what somebody waits for only where there is no
     * other way.
     */
    public <T> T patiently(Supplier<T> work) {
        try {
            transaction.setTransactionTimeout(SNAPSHOT_SECONDS);
            return Sql.patiently(work);
        } catch (SystemException e) {
            throw new IllegalStateException("The transaction manager takes no time limit", e);
        } finally {
            resetTimeout();
        }
    }

    private void resetTimeout() {
        try {
            transaction.setTransactionTimeout(0);
        } catch (SystemException e) {
            throw new IllegalStateException("The transaction manager takes no time limit", e);
        }
    }

    private <T> T once(Supplier<T> work) {
        T result;
        try {
            begin();
            UNDER_WAY.set(true);
            began.fire(new TransactionBegan());
            result = work.get();
            ending.fire(new TransactionEnding());
        } catch (RuntimeException | Error e) {
            rollback();
            failed.fire(new TransactionFailed());
            throw Failures.duringWork(e);
        } finally {
            UNDER_WAY.set(false);
        }
        try {
            transaction.commit();
        } catch (Exception e) {
            failed.fire(new TransactionFailed());
            throw Failures.duringCommit(e);
        }
        return result;
    }

    private void begin() {
        try {
            transaction.begin();
        } catch (NotSupportedException | SystemException e) {
            throw new IllegalStateException("The transaction manager refuses to begin", e);
        }
    }

    private void rollback() {
        try {
            if (transaction.getStatus() != Status.STATUS_NO_TRANSACTION) {
                transaction.rollback();
            }
        } catch (SystemException | RuntimeException e) {
            System.getLogger(Transactions.class.getName())
                    .log(System.Logger.Level.DEBUG, "A rollback failed; the connection is discarded", e);
        }
    }

    private static void pause(int attempt) {
        long most = FIRST_PAUSE.toMillis() << attempt;
        try {
            Thread.sleep(ThreadLocalRandom.current().nextLong(most / 2, most));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DatabaseUnavailableException(e);
        }
    }
}
