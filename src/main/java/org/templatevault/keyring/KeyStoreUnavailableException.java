package org.templatevault.keyring;

import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The key store cannot be read or written; the message begins with the setting to look at. */
public final class KeyStoreUnavailableException extends VaultException {
    private final boolean forNow;

    /**
     * @param detail for the log and for the operator at the start; holds no secret
     * @param cause what the key store reported
     */
    public KeyStoreUnavailableException(String detail, @Nullable Throwable cause) {
        this(detail, cause, false);
    }

    private KeyStoreUnavailableException(String detail, @Nullable Throwable cause, boolean forNow) {
        super(ErrorKind.UNAVAILABLE, "key-store-unavailable", detail, null, cause);
        this.forNow = forNow;
    }

    /** Of a key store that does not answer, and may later without anybody's change of a setting. */
    static KeyStoreUnavailableException forNow(String detail, @Nullable Throwable cause) {
        return new KeyStoreUnavailableException(detail, cause, true);
    }

    /** Whether the key store may answer later as things are set: a start that failed by it is worth another. */
    public boolean isForNow() {
        return forNow;
    }

    /** The setting to look at, which is all that callers are told. */
    public String setting() {
        String detail = String.valueOf(getMessage());
        int end = detail.indexOf(':');
        return detail.startsWith("VAULT_") && end > 0 ? detail.substring(0, end) : "VAULT_KEYSTORE";
    }
}
