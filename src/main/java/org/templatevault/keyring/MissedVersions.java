package org.templatevault.keyring;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The versions of the database that this node's ring does not come to have: to read it anew is tried after a second, and
 * twice as late after each further time, up to half a minute; at once where they are others. Thread-safe.
 */
final class MissedVersions {
    private static final Duration FIRST = Duration.ofSeconds(1);
    static final Duration LONGEST = Duration.ofSeconds(32);

    private final LongSupplier nanoTime;
    private String missed = "";
    private long missedAt;
    private Duration pause = FIRST;

    /** @param nanoTime a clock that is never set, in nanoseconds */
    MissedVersions(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized boolean isTurn(String wanted) {
        return !wanted.equals(missed) || nanoTime.getAsLong() - missedAt >= pause.toNanos();
    }

    /** What came of a turn. */
    synchronized void note(String wanted, String got) {
        if (wanted.equals(got)) {
            missed = "";
            return;
        }
        boolean again = wanted.equals(missed);
        boolean isLongest = pause.compareTo(LONGEST) >= 0;
        pause = !again ? FIRST : isLongest ? LONGEST : pause.multipliedBy(2);
        missed = wanted;
        missedAt = nanoTime.getAsLong();
    }
}
