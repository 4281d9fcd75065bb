package org.templatevault.keyring;

import java.security.ProviderException;

/** There is no token to log in to now, which nobody's PIN was tried for: it may be there later, as things are set. */
final class TokenAwayException extends ProviderException {
    private static final long serialVersionUID = 1L;

    /** @param message beginning with the setting to look at */
    TokenAwayException(String message) {
        super(message);
    }

    /** @param message beginning with the setting to look at */
    TokenAwayException(String message, Throwable cause) {
        super(message, cause);
    }
}
