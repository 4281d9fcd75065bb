package org.templatevault.rotation;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A rotation cannot do this in its present state. */
public final class RotationConflictException extends VaultException {
    private RotationConflictException(String code, String message) {
        super(ErrorKind.CONFLICT, code, message);
    }

    static RotationConflictException alreadyOpen() {
        return new RotationConflictException("rotation-in-progress", "Another rotation has not ended");
    }

    static RotationConflictException illegal(RotationState from, RotationState to) {
        return new RotationConflictException("rotation-state", "A rotation that is " + from + " cannot become " + to);
    }

    static RotationConflictException ended(String state) {
        return new RotationConflictException(
                "rotation-state", "A rotation that is " + state + " has ended: its rate means nothing any more");
    }
}
