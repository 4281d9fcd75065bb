package org.templatevault.retention;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A bulk erasure cannot be asked for, found or steered like this. */
public final class BulkErasureException extends VaultException {
    private BulkErasureException(ErrorKind kind, String code, String message, String field) {
        super(kind, code, message, field.isEmpty() ? null : field, null);
    }

    static BulkErasureException absent() {
        return new BulkErasureException(ErrorKind.NOT_FOUND, "bulk-erasure-not-found", "No such bulk erasure", "");
    }

    static BulkErasureException illegal(String from, BulkErasureState to) {
        return new BulkErasureException(
                ErrorKind.CONFLICT,
                "bulk-erasure-state",
                "A bulk erasure that is " + from + " cannot become " + to,
                "");
    }

    static BulkErasureException ended(String state) {
        return new BulkErasureException(
                ErrorKind.CONFLICT,
                "bulk-erasure-state",
                "A bulk erasure that is " + state + " has ended: its rate means nothing any more",
                "");
    }

    static BulkErasureException tooMany(long found, long most) {
        return new BulkErasureException(
                ErrorKind.CONFLICT,
                "too-many-subjects",
                "The query has " + found + " subjects, more than the " + most + " of atMost: nothing is erased",
                "atMost");
    }

    static BulkErasureException field(String field, String rule) {
        return new BulkErasureException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field);
    }
}
