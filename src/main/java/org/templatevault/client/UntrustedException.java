package org.templatevault.client;

/** Whoever answers there could not prove that it is the vault. Nothing was sent to it. */
public final class UntrustedException extends Exception {
    /** With the cause in words. */
    public UntrustedException(String message, Throwable cause) {
        super(message, cause);
    }
}
