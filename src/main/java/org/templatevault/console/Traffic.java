package org.templatevault.console;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The requests of this node in each minute of the last hour: how many, and how long they took. Takes the same memory
 * whatever comes (64 minutes of about 1.7 kB), waits for nobody, and keeps nothing about who asked what.
 */
@ApplicationScoped
public class Traffic {
    /** The minutes that are told. */
    public static final int MINUTES = 60;

    private static final int SLOTS = 64;

    /**
     * A minute.
     *
     * @param at its beginning
     * @param refused answered with a status from 400 to 499
     * @param failed answered with a status of 500 or more
     * @param p50Micros half of the requests took no longer, to one part in eight; 0 where there were none
     * @param p99Micros the same for 99 of 100
     */
    public record Minute(Instant at, long requests, long refused, long failed, long p50Micros, long p99Micros) {}

    private final Clock clock;
    private final AtomicReferenceArray<MinuteCount> slots = new AtomicReferenceArray<>(SLOTS);

    /** Counts by the system's clock. */
    public Traffic() {
        this(Clock.systemUTC());
    }

    Traffic(Clock clock) {
        this.clock = clock;
    }

    /** Counts a request that was answered. */
    public void answered(int status, long micros) {
        slot(clock.millis() / 60_000).add(status, micros);
    }

    /** A minute's slot takes the place of the one of 64 minutes ago. */
    private MinuteCount slot(long minute) {
        int index = (int) (minute % SLOTS);
        while (true) {
            MinuteCount present = slots.get(index);
            if (present != null && present.minute() >= minute) {
                return present;
            }
            MinuteCount fresh = new MinuteCount(minute);
            if (slots.compareAndSet(index, present, fresh)) {
                return fresh;
            }
        }
    }

    /** The last hour, the oldest minute first, the present one, which is not over, last. */
    public List<Minute> lastHour() {
        long now = clock.millis() / 60_000;
        List<Minute> minutes = new ArrayList<>(MINUTES);
        for (long minute = now - MINUTES + 1; minute <= now; minute++) {
            MinuteCount slot = slots.get((int) (minute % SLOTS));
            Instant at = Instant.ofEpochSecond(minute * 60);
            minutes.add(slot != null && slot.minute() == minute ? slot.told() : new Minute(at, 0, 0, 0, 0, 0));
        }
        return minutes;
    }
}
