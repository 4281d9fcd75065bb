package org.templatevault.persistence;

/**
 * The queues of rows that many keep as they are and few change. PostgreSQL gives a share lock on a row to whoever comes
 * while others have one, so that a change would wait as long as they follow each other. An advisory lock that both sides
 * take before the row's lets nobody pass who waits (PostgreSQL manual, "Advisory Locks"), unless the one before them waits
 * for a row that they hold: PostgreSQL sees that after its {@code deadlock_timeout} and lets them pass.
 */
enum FairLock {
    /** The active version: an activation, and those who wrap. Taken after {@link #STEERING} by who takes both. */
    ACTIVATION(0x7661756c74L),
    /** The open rotation: a change of its state or rate, and those who move subjects for it. */
    STEERING(0x7661756c75L);

    /** Condition of a statement that shares the row's lock: waits for its turn; its argument is {@link #key}. */
    static final String SHARED = "(select pg_advisory_xact_lock_shared(?)::text) is not null";

    private final long key;

    FairLock(long key) {
        this.key = key;
    }

    long key() {
        return key;
    }

    /** Waits for those who share it, and keeps all others out until the transaction ends. */
    void exclude(Sql sql) {
        sql.first("select pg_advisory_xact_lock(?)::text", row -> "", key);
    }
}
