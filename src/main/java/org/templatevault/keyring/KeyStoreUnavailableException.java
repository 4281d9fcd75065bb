package org.templatevault.keyring;

import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The key store cannot be read or written; the message begins with the setting to look at. */
public final class KeyStoreUnavailableException extends VaultException {
    /**
     * @param detail for the log and for the operator at the start; holds no secret
     * @param cause what the key store reported
     */
    public KeyStoreUnavailableException(String detail, @Nullable Throwable cause) {
        super(ErrorKind.UNAVAILABLE, "key-store-unavailable", detail, null, cause);
    }

    /** The setting to look at, which is all that callers are told. */
    public String setting() {
        String detail = String.valueOf(getMessage());
        int end = detail.indexOf(':');
        return detail.startsWith("VAULT_") && end > 0 ? detail.substring(0, end) : "VAULT_KEYSTORE";
    }
}
