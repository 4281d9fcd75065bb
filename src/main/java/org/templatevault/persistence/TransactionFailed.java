package org.templatevault.persistence;

/**
 * An attempt of {@link Transactions} was rolled back, or nobody knows what became of its commit. Fired on the thread of the
 * work, after its end.
 */
public record TransactionFailed() {}
