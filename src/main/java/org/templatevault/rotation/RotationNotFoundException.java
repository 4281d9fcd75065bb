package org.templatevault.rotation;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** No such rotation. */
public final class RotationNotFoundException extends VaultException {
    /** Names nothing. */
    public RotationNotFoundException() {
        super(ErrorKind.NOT_FOUND, "rotation-not-found", "No such rotation");
    }
}
