package org.templatevault.persistence;

/** An attempt of {@link Transactions} has begun: what an earlier one told is not so. Fired on the thread of the work. */
public record TransactionBegan() {}
