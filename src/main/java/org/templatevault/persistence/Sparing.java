package org.templatevault.persistence;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Leaves out questions that have become expensive: after one that took more than a second, none is asked for twenty times
 * as long, so that a page with many damaged rows still ends.
 */
final class Sparing {
    private static final long CHEAP_NANOS = 1_000_000_000;
    private static final int FACTOR = 20;

    private final AtomicLong quietUntil = new AtomicLong(System.nanoTime());

    /** The answer; false as well where it was not asked for. */
    boolean spare(BooleanSupplier question) {
        long began = System.nanoTime();
        if (began - quietUntil.get() < 0) {
            return false;
        }
        boolean answer = question.getAsBoolean();
        long took = System.nanoTime() - began;
        if (took > CHEAP_NANOS) {
            quietUntil.set(began + took + FACTOR * took);
        }
        return answer;
    }
}
