package org.templatevault.rest;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/**
 * Bounds the memory of batches: a few at a time; the others wait for their turn, then are told to come back. A store has
 * its turn while its body comes in, a read until its answer is written, and each kind has turns of its own.
 */
@ApplicationScoped
public class BatchTurns {
    private static final int AT_ONCE = 3;
    private static final long WAIT_SECONDS = 15;

    private final Semaphore storing = new Semaphore(AT_ONCE, true);
    private final Semaphore reading = new Semaphore(AT_ONCE, true);

    <T> T store(Supplier<T> batch) {
        take(storing);
        try {
            return batch.get();
        } finally {
            storing.release();
        }
    }

    /** Waits for a turn to read, which is over when what this returns is run, once or more often. */
    Runnable beginToRead() {
        take(reading);
        AtomicBoolean over = new AtomicBoolean();
        return () -> {
            if (over.compareAndSet(false, true)) {
                reading.release();
            }
        };
    }

    private static void take(Semaphore turns) {
        try {
            if (!turns.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new VaultException(ErrorKind.UNAVAILABLE, "too-many-batches", "Too many batches at once");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VaultException(ErrorKind.UNAVAILABLE, "too-many-batches", "Interrupted while waiting");
        }
    }
}
