package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A legal hold keeps the subject from being erased, by whomever. */
public final class LegalHoldException extends VaultException {
    private LegalHoldException(ErrorKind kind, String code, String message) {
        super(kind, code, message);
    }

    /** Nothing of the subject may be erased. */
    public static LegalHoldException stops() {
        return new LegalHoldException(
                ErrorKind.CONFLICT,
                "legal-hold",
                "A legal hold keeps this subject from being erased until it is lifted");
    }

    static LegalHoldException alreadySet() {
        return new LegalHoldException(ErrorKind.CONFLICT, "already-held", "This subject is under a legal hold already");
    }

    static LegalHoldException absent() {
        return new LegalHoldException(ErrorKind.NOT_FOUND, "hold-not-found", "This subject is under no legal hold");
    }
}
