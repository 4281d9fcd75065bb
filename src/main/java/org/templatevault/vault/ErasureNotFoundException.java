package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** No such erasure. */
public final class ErasureNotFoundException extends VaultException {
    /** The message names nobody. */
    public ErasureNotFoundException() {
        super(ErrorKind.NOT_FOUND, "erasure-not-found", "No such erasure");
    }
}
