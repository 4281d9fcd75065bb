package org.templatevault.destruction;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A key version cannot be destroyed, or has no certificate. */
public final class DestructionException extends VaultException {
    private DestructionException(ErrorKind kind, String code, String message) {
        super(kind, code, message);
    }

    static DestructionException unknownVersion() {
        return new DestructionException(ErrorKind.NOT_FOUND, "key-version-not-found", "There is no such key version");
    }

    static DestructionException wrongState(String state) {
        return new DestructionException(
                ErrorKind.CONFLICT,
                "key-state",
                "Only a DEACTIVATED or COMPROMISED version can be destroyed; this one is " + state);
    }

    static DestructionException inUse(long subjectKeys, long serviceKeys) {
        return new DestructionException(
                ErrorKind.CONFLICT,
                "key-in-use",
                "The version is in use: " + subjectKeys + " rows of subject_key, " + serviceKeys
                        + " rows of service_key");
    }

    static DestructionException alreadyAsked() {
        return new DestructionException(
                ErrorKind.CONFLICT, "destruction-in-progress", "The destruction of this version was asked for already");
    }

    static DestructionException noCertificate() {
        return new DestructionException(
                ErrorKind.NOT_FOUND, "certificate-not-found", "This version has no certificate of destruction");
    }
}
