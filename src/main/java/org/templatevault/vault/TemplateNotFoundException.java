package org.templatevault.vault;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** No such template, or no such version of it. */
public final class TemplateNotFoundException extends VaultException {
    /** The message names nobody. */
    public TemplateNotFoundException() {
        super(ErrorKind.NOT_FOUND, "template-not-found", "No such template");
    }
}
