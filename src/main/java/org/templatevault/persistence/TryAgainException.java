package org.templatevault.persistence;

/**
 * The transaction did not happen and running all of it again may succeed. Thrown by this package for the conditions of
 * PostgreSQL, and by the vault when a row changed between two of its statements.
 */
public final class TryAgainException extends RuntimeException {
    /** @param reason what changed */
    public TryAgainException(String reason) {
        super(reason);
    }

    /** @param cause what PostgreSQL or the driver reported */
    public TryAgainException(Throwable cause) {
        super(cause);
    }
}
