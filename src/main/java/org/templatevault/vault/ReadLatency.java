package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/** How long the last reads of single templates took on this node. */
@ApplicationScoped
public class ReadLatency {
    private static final int KEPT = 512;
    private static final int FEWEST = 20;
    private static final long WINDOW_NANOS = Duration.ofSeconds(5).toNanos();

    private final AtomicLongArray endedAt = new AtomicLongArray(KEPT);
    private final AtomicLongArray lasted = new AtomicLongArray(KEPT);
    private final AtomicInteger next = new AtomicInteger();

    void record(long startedNanos) {
        long now = System.nanoTime();
        int at = Math.floorMod(next.getAndIncrement(), KEPT);
        lasted.set(at, Math.max(1, now - startedNanos));
        endedAt.set(at, now);
    }

    /** The 95th percentile of the last five seconds, in milliseconds; 0 for fewer than 20 reads. */
    public long slowMillis() {
        long since = System.nanoTime() - WINDOW_NANOS;
        long[] recent = new long[KEPT];
        int count = 0;
        for (int i = 0; i < KEPT; i++) {
            long duration = lasted.get(i);
            if (duration > 0 && endedAt.get(i) - since > 0) {
                recent[count++] = duration;
            }
        }
        if (count < FEWEST) {
            return 0;
        }
        Arrays.sort(recent, 0, count);
        return TimeUnit.NANOSECONDS.toMillis(recent[(int) (count * 0.95)]);
    }
}
