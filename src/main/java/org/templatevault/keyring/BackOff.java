package org.templatevault.keyring;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a key store that failed from being asked too often: after a failure it is left alone for a second, and twice as
 * long after each further one, up to a minute. Thread-safe.
 */
final class BackOff {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private final LongSupplier nanoTime;
    private @Nullable String reason;
    private Duration pause = FIRST;
    private boolean forGood;
    private boolean forNow;
    private long failedAt;

    /** @param nanoTime a clock that is never set, in nanoseconds */
    BackOff(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** @throws KeyStoreUnavailableException with the last failure's reason, while it is too early to ask again */
    synchronized void requireTurn() {
        if (reason != null && (forGood || nanoTime.getAsLong() - failedAt < pause.toNanos())) {
            throw forNow
                    ? KeyStoreUnavailableException.forNow(reason, null)
                    : new KeyStoreUnavailableException(reason, null);
        }
    }

    synchronized void succeeded() {
        reason = null;
        pause = FIRST;
    }

    synchronized void failed(String why) {
        failed(why, false);
    }

    /** As {@link #failed}, of a failure that is {@link KeyStoreUnavailableException#isForNow}. */
    synchronized void failedForNow(String why) {
        failed(why, true);
    }

    private void failed(String why, boolean mayPass) {
        if (forGood) {
            return;
        }
        forNow = mayPass;
        boolean again = reason != null;
        pause = again ? min(pause.multipliedBy(2), LONGEST) : FIRST;
        reason = why;
        failedAt = nanoTime.getAsLong();
    }

    /** No turn comes any more. */
    synchronized void failedForGood(String why) {
        forGood = true;
        forNow = false;
        reason = why;
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
