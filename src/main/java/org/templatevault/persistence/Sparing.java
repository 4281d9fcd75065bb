package org.templatevault.persistence;

import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Leaves out questions once they have taken three seconds, for twenty times as long as they took: a page with many damaged
 * rows still ends.
 */
final class Sparing {
    private static final long MOST_NANOS = 3_000_000_000L;
    private static final int FACTOR = 20;

    private final LongSupplier nanoTime;
    private long spent;
    private long lookedAt;

    Sparing() {
        this(System::nanoTime);
    }

    Sparing(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.lookedAt = nanoTime.getAsLong();
    }

    /** The answer; false as well where it was not asked for. */
    boolean spare(BooleanSupplier question) {
        if (spend(0) >= MOST_NANOS) {
            return false;
        }
        long began = nanoTime.getAsLong();
        boolean answer = question.getAsBoolean();
        spend(nanoTime.getAsLong() - began);
        return answer;
    }

    private synchronized long spend(long nanos) {
        long now = nanoTime.getAsLong();
        spent = Math.max(0, spent - (now - lookedAt) / FACTOR) + nanos;
        lookedAt = now;
        return spent;
    }
}
