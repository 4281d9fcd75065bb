package org.templatevault.crypto;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/**
 * Stored bytes did not authenticate: a wrong key, wrong associated data, a changed bit, a wrong length, an unknown
 * version or suite. There is one message and no cause, so nobody outside learns which of these it was.
 */
public final class AuthenticationFailedException extends VaultException {
    private static final String MESSAGE = "Stored data failed its integrity check.";

    /** Tells that something did not authenticate, and no more. */
    public AuthenticationFailedException() {
        super(ErrorKind.INTEGRITY, "integrity-failure", MESSAGE);
    }
}
