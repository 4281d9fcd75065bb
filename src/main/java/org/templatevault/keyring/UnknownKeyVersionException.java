package org.templatevault.keyring;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A row names a KEK version that this node's key ring does not hold. */
public final class UnknownKeyVersionException extends VaultException {
    private final int version;

    /** @param version what the row names */
    public UnknownKeyVersionException(int version) {
        super(ErrorKind.UNAVAILABLE, "key-version-unavailable", "The key version of this row is not available here");
        this.version = version;
    }

    /** The version that the row names. */
    public int version() {
        return version;
    }
}
