package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A repeated request is answered from what it stored, and that was deleted since. */
public final class TemplateDeletedException extends VaultException {
    /** The message names nobody. */
    public TemplateDeletedException() {
        super(ErrorKind.ERASED, "template-deleted", "What this request stored was deleted since");
    }
}
