package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** No such subject. */
public final class SubjectNotFoundException extends VaultException {
    /** The message names nobody. */
    public SubjectNotFoundException() {
        super(ErrorKind.NOT_FOUND, "subject-not-found", "No such subject");
    }
}
