package org.templatevault.persistence;

import java.util.Optional;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The database cannot be reached, is full, or was lost during a commit whose outcome is unknown. */
public final class DatabaseUnavailableException extends VaultException {
    /** @param cause what the driver or the pool reported, for the log */
    public DatabaseUnavailableException(Throwable cause) {
        this("database-unavailable", "The database is not available", cause);
    }

    private DatabaseUnavailableException(String code, String message, Throwable cause) {
        super(ErrorKind.UNAVAILABLE, code, message, null, cause);
    }

    /** What a failure outside a transaction means, if the database's absence is behind it: a read does not try again. */
    public static Optional<DatabaseUnavailableException> causeOf(Throwable failure) {
        return Failures.isAway(failure) ? Optional.of(new DatabaseUnavailableException(failure)) : Optional.empty();
    }

    static DatabaseUnavailableException outcomeUnknown(Throwable cause) {
        return new DatabaseUnavailableException(
                "outcome-unknown",
                "The connection was lost during the commit: read before you write again, or repeat with the same"
                        + " Idempotency-Key",
                cause);
    }

    static DatabaseUnavailableException full(Throwable cause) {
        return new DatabaseUnavailableException("database-full", "The database has no room for writes", cause);
    }
}
