package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A known subject has another retention policy than the one that was named: it is changed for itself only. */
public final class PolicyDiffersException extends VaultException {
    /** Names neither policy. */
    public PolicyDiffersException() {
        super(ErrorKind.CONFLICT, "policy-differs", "The subject has another retention policy");
    }
}
