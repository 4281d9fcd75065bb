package org.templatevault.job;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/**
 * How fast one part of a job may take subjects: it gives way to readers and replicas, and keeps to a rate. Waits are in
 * slices, since the database ends a transaction that is silent for long, and a chunk's transaction has a time limit.
 */
@Dependent
public class Pace {
    /** The most subjects a second that a rate may be. */
    public static final int MOST_RATE = 1_000_000;

    private static final long BACK_OFF_MILLIS = 500;
    private static final int BACK_OFF_WAITS = 20;
    private static final int SLOW_SUBJECTS = 20;
    private static final long SLICE_MILLIS = 5_000;
    /**
     * Under a rate: pages so small that no reader waits long for one, and so large that what each costs by itself, its
     * statements and its commit, does not take the processors from the readers.
     */
    private static final int PAGES_PER_SECOND = 8;

    /**
     * One of the parts of a job, which run at the same time.
     *
     * @param number from 0
     */
    public record Part(int number, int of) {
        /** Of a job that has no other. */
        public static final Part ONLY = new Part(0, 1);
    }

    private final Backoff backoff;
    private final PageTurns turns;
    private long nextPageAt;
    private long pageNanos;
    private boolean hasTurn;

    @Inject
    Pace(Backoff backoff, PageTurns turns) {
        this.backoff = backoff;
        this.turns = turns;
    }

    /**
     * Refuses a rate that is none.
     *
     * @param rate subjects per second; null for no limit
     */
    public static void requireRate(@Nullable Integer rate) {
        if (rate != null && (rate < 1 || rate > MOST_RATE)) {
            throw new VaultException(
                    ErrorKind.INVALID,
                    "invalid-field",
                    "rate: 1 to " + MOST_RATE + " subjects per second, or null for no limit",
                    "rate",
                    null);
        }
    }

    /**
     * Waits while something speaks against another page, but not so long that the chunk's transaction times out.
     *
     * @param most how many subjects a page may have
     * @return how many this one may have: few where something still speaks against it
     */
    public int giveWay(int most) {
        for (int waits = 0; backoff.reason() != null; waits++) {
            if (waits == BACK_OFF_WAITS) {
                return Math.min(most, SLOW_SUBJECTS);
            }
            sleep(BACK_OFF_MILLIS);
        }
        return most;
    }

    /**
     * Waits for this page's turn under the rate, before the chunk's transaction has touched a row. {@link #endPage} ends
     * the turn.
     *
     * @param rate subjects per second of the whole job; null for no limit
     * @param most how many subjects the page may have
     * @param between done between two slices of the wait: a statement
     * @return how many it may have under the rate
     */
    public int keepTo(@Nullable Integer rate, Part part, int most, Runnable between) {
        if (rate == null) {
            pageNanos = 0;
            return most;
        }
        double ofThisPart = (double) rate / part.of;
        int limit = (int) Math.max(1, Math.min(most, ofThisPart / PAGES_PER_SECOND));
        long period = (long) (limit / ofThisPart * 1_000_000_000L);
        long now = System.nanoTime();
        boolean inTurn = period == pageNanos && now - nextPageAt < period;
        long start = inTurn ? nextPageAt : turn(now, period, part);
        pageNanos = period;
        nextPageAt = start + period;
        for (long left = (start - now) / 1_000_000; left > 0; left -= SLICE_MILLIS) {
            sleep(Math.min(left, SLICE_MILLIS));
            between.run();
        }
        if (part.of > 1) {
            awaitTurn(start + period, between);
        }
        return limit;
    }

    /**
     * Two pages at once would leave readers no processor where there are two. A part that is late by a whole page goes on
     * all the same: one at a time cannot keep such a rate.
     */
    private void awaitTurn(long until, Runnable between) {
        for (long left = left(until); left > 0 && !hasTurn; left = left(until)) {
            hasTurn = turns.take(Math.min(left, SLICE_MILLIS));
            if (!hasTurn) {
                between.run();
            }
        }
    }

    private static long left(long until) {
        return (until - System.nanoTime()) / 1_000_000;
    }

    /** The page is written, or given up: another part may begin one. */
    public void endPage() {
        if (hasTurn) {
            hasTurn = false;
            turns.giveBack();
        }
    }

    /** The pages of the parts begin one after the other: readers never wait for all of them at once. */
    private static long turn(long now, long period, Part part) {
        long offset = period * part.number / part.of;
        return now + Math.floorMod(offset - now, period);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
