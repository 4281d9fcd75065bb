package org.templatevault.persistence;

import jakarta.persistence.PersistenceException;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** Sorts what PostgreSQL, the driver and the pool report (PostgreSQL manual, appendix A). */
final class Failures {
    private static final System.Logger LOG = System.getLogger(Failures.class.getName());
    private static final Set<String> ROLLED_BACK = Set.of("40001", "40P01");
    private static final Set<String> SHUTTING_DOWN = Set.of("57P01", "57P02", "57P03", "58000");
    /** Connections that PostgreSQL ends for their silence, in a transaction or not, or for a transaction's length. */
    private static final Set<String> TIMED_OUT = Set.of("25P03", "25P04", "57P05");

    private static final Set<String> FULL = Set.of("53100", "25006");
    /** Data exception: a character or a time that PostgreSQL cannot store, which no rule before it refused. */
    private static final String NO_VALUE = "22";

    private static final String FOREIGN_KEY = "23503";
    private static final String QUERY_CANCELED = "57014";
    private static final Set<String> NOT_CONNECTED = Set.of("08001", "08004", "53300");

    private Failures() {}

    /** What to throw for a failure before the commit: nothing of the transaction happened. */
    static RuntimeException duringWork(Throwable failure) {
        if (failure instanceof TryAgainException tryAgain) {
            return tryAgain;
        }
        if (failure instanceof VaultException known) {
            return known;
        }
        SQLException sql = sqlCause(failure);
        if (sql == null) {
            return isPool(failure) ? new DatabaseUnavailableException(failure) : asRuntime(failure);
        }
        String state = String.valueOf(sql.getSQLState());
        if (FULL.contains(state)) {
            return DatabaseUnavailableException.full(sql);
        }
        if (NOT_CONNECTED.contains(state) || state.startsWith("28")) {
            return new DatabaseUnavailableException(sql);
        }
        if (ROLLED_BACK.contains(state) || isLost(state)) {
            return new TryAgainException(sql);
        }
        if (state.startsWith(NO_VALUE)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "PostgreSQL refused a value: " + state); // its message may hold the value
            return new VaultException(
                    ErrorKind.INVALID, "invalid-field", "A value is none that the database can hold", null, failure);
        }
        return isPool(failure) ? new DatabaseUnavailableException(failure) : asRuntime(failure);
    }

    /** What to throw for a failure of the commit itself. */
    static RuntimeException duringCommit(Throwable failure) {
        SQLException sql = sqlCause(failure);
        if (sql != null && ROLLED_BACK.contains(String.valueOf(sql.getSQLState()))) {
            return new TryAgainException(sql);
        }
        return DatabaseUnavailableException.outcomeUnknown(failure);
    }

    /** Whether no connection was to be had, or one was lost. */
    static boolean isAway(Throwable failure) {
        SQLException sql = sqlCause(failure);
        String state = sql == null ? "" : String.valueOf(sql.getSQLState());
        return isPool(failure) || isLost(state) || NOT_CONNECTED.contains(state);
    }

    /** Whether PostgreSQL has ended a statement that took longer than it may. */
    static boolean isCanceled(Throwable failure) {
        SQLException sql = sqlCause(failure);
        return sql != null && QUERY_CANCELED.equals(sql.getSQLState());
    }

    /**
     * What to throw for a failure to store what this node has wrapped: a node that stood still wraps under a version that is
     * destroyed; it soon hears of it. The same foreign key refuses the destruction of a version that is in use, which no
     * other try mends.
     */
    static RuntimeException duringWrap(RuntimeException failure) {
        SQLException sql = sqlCause(failure);
        return sql != null && isOldRing(sql) ? new TryAgainException(sql) : failure;
    }

    private static boolean isOldRing(SQLException failure) {
        return FOREIGN_KEY.equals(failure.getSQLState())
                && String.valueOf(failure.getMessage()).contains("subject_key_is_wrapped_by_a_living_version");
    }

    private static boolean isLost(String state) {
        return state.startsWith("08") || SHUTTING_DOWN.contains(state) || TIMED_OUT.contains(state);
    }

    /** The pool's own exceptions are known by their name: applications do not see the connector API's classes. */
    private static boolean isPool(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLTransientException || t.getClass().getName().startsWith("jakarta.resource.")) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable SQLException sqlCause(Throwable failure) {
        SQLException deepest = null;
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql) {
                deepest = sql;
            }
        }
        return deepest;
    }

    private static RuntimeException asRuntime(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException runtime ? runtime : new PersistenceException(failure);
    }
}
