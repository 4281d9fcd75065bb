package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The version that the caller names is not the present one. */
public final class StaleVersionException extends VaultException {
    private final long expected;
    private final long found;

    /**
     * @param expected the version that the caller names
     * @param found the present version
     */
    public StaleVersionException(long expected, long found) {
        super(ErrorKind.STALE, "stale-version", "The version is " + found + " now, not " + expected);
        this.expected = expected;
        this.found = found;
    }

    /** The version that the caller names. */
    public long expected() {
        return expected;
    }

    /** The present version. */
    public long found() {
        return found;
    }
}
