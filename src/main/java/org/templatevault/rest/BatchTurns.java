package org.templatevault.rest;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** Bounds the memory of batches: a few at a time; the others wait for their turn, then are told to come back. */
@ApplicationScoped
public class BatchTurns {
    private static final int AT_ONCE = 4;
    private static final long WAIT_SECONDS = 15;

    private final Semaphore turns = new Semaphore(AT_ONCE, true);

    <T> T take(Supplier<T> batch) {
        try {
            if (!turns.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new VaultException(ErrorKind.UNAVAILABLE, "too-many-batches", "Too many batches at once");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VaultException(ErrorKind.UNAVAILABLE, "too-many-batches", "Interrupted while waiting");
        }
        try {
            return batch.get();
        } finally {
            turns.release();
        }
    }
}
