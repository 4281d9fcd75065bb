package org.templatevault.cli;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;

/** How fast something has gone in the last ten seconds, and when it will be done at that speed. */
final class Speed {
    private static final long WINDOW = Duration.ofSeconds(10).toNanos();

    private record Mark(long nanos, long done) {}

    private final ArrayDeque<Mark> marks = new ArrayDeque<>();

    /** Says how much was done at a time. */
    void note(long nanos, long done) {
        marks.addLast(new Mark(nanos, done));
        while (marks.size() > 2 && nanos - marks.getFirst().nanos() > WINDOW) {
            marks.removeFirst();
        }
    }

    /** Per second; 0 as long as nothing can be said. */
    double perSecond() {
        if (marks.size() < 2) {
            return 0;
        }
        long nanos = marks.getLast().nanos() - marks.getFirst().nanos();
        long done = marks.getLast().done() - marks.getFirst().done();
        return nanos <= 0 ? 0 : done * 1e9 / nanos;
    }

    /** How long the rest takes. */
    Optional<Duration> left(long rest) {
        double speed = perSecond();
        return speed <= 0 ? Optional.empty() : Optional.of(Duration.ofMillis(Math.round(rest * 1000.0 / speed)));
    }
}
