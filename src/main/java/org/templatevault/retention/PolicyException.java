package org.templatevault.retention;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A retention policy cannot be found or changed like this. */
public final class PolicyException extends VaultException {
    private PolicyException(ErrorKind kind, String code, String message, String field) {
        super(kind, code, message, field.isEmpty() ? null : field, null);
    }

    static PolicyException absent() {
        return new PolicyException(ErrorKind.NOT_FOUND, "policy-not-found", "There is no such retention policy", "");
    }

    static PolicyException unseen() {
        return new PolicyException(
                ErrorKind.PRECONDITION_REQUIRED,
                "if-match-missing",
                "Name the version that you saw in If-Match",
                "If-Match");
    }

    static PolicyException stale(long expected, int found) {
        return new PolicyException(
                ErrorKind.STALE, "stale-version", "The version is " + found + " now, not " + expected, "");
    }

    static PolicyException field(String field, String rule) {
        return new PolicyException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field);
    }
}
