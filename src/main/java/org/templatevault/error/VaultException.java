package org.templatevault.error;

import org.jspecify.annotations.Nullable;

/**
 * A failure that the vault names. The message, the code and the field never hold a template byte, a key, a subject's
 * reference or SQL: they are shown to the caller.
 */
public class VaultException extends RuntimeException {
    private final ErrorKind kind;
    private final String code;
    private final @Nullable String field;

    /**
     * @param kind what sort of failure, which decides the status
     * @param code the stable, kebab-case code of the broken rule
     * @param message what to tell the caller
     */
    public VaultException(ErrorKind kind, String code, String message) {
        this(kind, code, message, null, null);
    }

    /** As {@link #VaultException(ErrorKind, String, String)}, with the field at fault and the cause for the log. */
    public VaultException(
            ErrorKind kind, String code, String message, @Nullable String field, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
        this.field = field;
    }

    /** What sort of failure. */
    public ErrorKind kind() {
        return kind;
    }

    /** The stable code of the broken rule, such as {@code template-not-found}. */
    public String code() {
        return code;
    }

    /** The request's field at fault, or null where none is. */
    public @Nullable String field() {
        return field;
    }
}
