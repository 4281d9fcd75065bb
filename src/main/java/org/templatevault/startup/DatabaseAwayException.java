package org.templatevault.startup;

import org.jspecify.annotations.Nullable;

/** The database is not there now; nothing says that a setting is wrong, and another start may find it. */
final class DatabaseAwayException extends RuntimeException {
    DatabaseAwayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
