package org.templatevault.client;

/** No answer came, or only a part of one. */
public final class UnreachableException extends Exception {
    /** With the cause in words. */
    public UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
