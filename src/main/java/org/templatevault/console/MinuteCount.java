package org.templatevault.console;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Counts the requests of one minute by how long they took: eight classes for each power of two of microseconds. */
final class MinuteCount {
    private static final int CLASSES_OF_A_POWER = 8;
    private static final int POWERS = 27;
    private static final int CLASSES = CLASSES_OF_A_POWER * POWERS;
    private static final int REFUSED = CLASSES;
    private static final int FAILED = CLASSES + 1;

    private final long minute;
    private final AtomicIntegerArray counts = new AtomicIntegerArray(CLASSES + 2);

    /** @param minute since 1970 */
    MinuteCount(long minute) {
        this.minute = minute;
    }

    long minute() {
        return minute;
    }

    void add(int status, long micros) {
        counts.incrementAndGet(classOf(micros));
        if (status >= 500) {
            counts.incrementAndGet(FAILED);
        } else if (status >= 400) {
            counts.incrementAndGet(REFUSED);
        }
    }

    /** The first eight are exact; beyond, a class is as wide as an eighth of its power. */
    static int classOf(long micros) {
        if (micros < CLASSES_OF_A_POWER) {
            return (int) Math.max(0, micros);
        }
        int shift = 60 - Long.numberOfLeadingZeros(micros);
        return Math.min(CLASSES - 1, CLASSES_OF_A_POWER * shift + (int) (micros >>> shift));
    }

    /** The longest time that is in a class. */
    static long longestOf(int number) {
        int power = number / CLASSES_OF_A_POWER;
        if (power == 0) {
            return number;
        }
        int shift = power - 1;
        long least = number - (long) CLASSES_OF_A_POWER * shift;
        return ((least + 1) << shift) - 1;
    }

    Traffic.Minute told() {
        int[] seen = new int[CLASSES];
        long requests = 0;
        for (int i = 0; i < CLASSES; i++) {
            seen[i] = counts.get(i);
            requests += seen[i];
        }
        return new Traffic.Minute(
                Instant.ofEpochSecond(minute * 60),
                requests,
                counts.get(REFUSED),
                counts.get(FAILED),
                percentile(seen, requests, 0.50),
                percentile(seen, requests, 0.99));
    }

    private static long percentile(int[] seen, long requests, double share) {
        long wanted = (long) Math.ceil(requests * share);
        long passed = 0;
        for (int i = 0; i < CLASSES; i++) {
            passed += seen[i];
            if (passed >= wanted && passed > 0) {
                return longestOf(i);
            }
        }
        return 0;
    }
}
