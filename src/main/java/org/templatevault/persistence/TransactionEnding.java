package org.templatevault.persistence;

/**
 * The work of a transaction is done and its commit is next. Fired by {@link Transactions} on the thread of the work and
 * inside the transaction; whoever throws from it rolls back.
 */
public record TransactionEnding() {}
