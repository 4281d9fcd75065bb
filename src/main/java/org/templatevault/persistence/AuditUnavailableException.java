package org.templatevault.persistence;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The audit trail cannot be written: what would have been in it does not happen. */
public final class AuditUnavailableException extends VaultException {
    /** @param cause what the database reported, for the log */
    public AuditUnavailableException(Throwable cause) {
        super(
                ErrorKind.UNAVAILABLE,
                "audit-unavailable",
                "The audit trail cannot be written, so this request does nothing",
                null,
                cause);
    }
}
