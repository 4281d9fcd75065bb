package org.templatevault.chaos;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** When server and database were down, and every request that failed: it is excused only by such an interval. */
final class Outages {
    /** What was down. */
    enum What {
        SERVER,
        DATABASE
    }

    /** How a request failed: without an answer, or with this status. */
    record Failure(Instant from, Instant to, String request, int status, String detail) {
        boolean isConnection() {
            return status == 0;
        }
    }

    private static final class Interval {
        private final What what;
        private final Instant from;
        private volatile @Nullable Instant to;

        Interval(What what, Instant from) {
            this.what = what;
            this.from = from;
        }

        boolean overlaps(Failure failure) {
            Instant end = to;
            boolean startedBefore = !from.isAfter(failure.to());
            return startedBefore && (end == null || !end.plus(JUST_KILLED).isBefore(failure.from()));
        }
    }

    /** Connections that were made before a kill are noticed to be dead within this time. */
    private static final Duration JUST_KILLED = Duration.ofSeconds(1);

    private final List<Interval> intervals = new ArrayList<>();
    private final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();

    synchronized void begin(What what) {
        intervals.add(new Interval(what, Instant.now()));
    }

    synchronized void end(What what) {
        intervals.stream()
                .filter(interval -> interval.what == what && interval.to == null)
                .forEach(interval -> {
                    interval.to = Instant.now();
                });
    }

    void failed(Failure failure) {
        failures.add(failure);
    }

    /** Something that no outage excuses: other bytes, an older version, an equation that does not hold. */
    void wrong(String what) {
        wrong.add(Instant.now() + " " + what);
    }

    List<String> wrong() {
        return List.copyOf(wrong);
    }

    /** No connection while the server was down; 503 while either was. */
    private synchronized boolean excused(Failure failure) {
        return intervals.stream()
                .filter(interval -> interval.overlaps(failure))
                .anyMatch(interval -> failure.isConnection() ? interval.what == What.SERVER : failure.status() == 503);
    }

    List<String> unexcused() {
        return failures.stream()
                .filter(failure -> !excused(failure))
                .map(this::line)
                .toList();
    }

    /** Every failure with what was down. */
    List<String> log() {
        return failures.stream().map(this::line).toList();
    }

    private synchronized String line(Failure failure) {
        List<What> down = intervals.stream()
                .filter(interval -> interval.overlaps(failure))
                .map(interval -> interval.what)
                .distinct()
                .toList();
        return failure.from() + " +"
                + Duration.between(failure.from(), failure.to()).toMillis() + "ms "
                + failure.request() + " " + (failure.isConnection() ? "connection" : failure.status()) + " "
                + failure.detail() + " down=" + down;
    }

    /** How many failures of each kind. */
    Map<String, Integer> byKind() {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Failure failure : failures) {
            String kind = (failure.isConnection() ? "connection" : Integer.toString(failure.status()))
                    + (excused(failure) ? " while down" : " WHILE UP");
            kinds.merge(kind, 1, Integer::sum);
        }
        return kinds;
    }

    Duration total(What what) {
        Duration sum = Duration.ZERO;
        synchronized (this) {
            for (Interval interval : intervals) {
                Instant end = interval.to;
                if (interval.what == what && end != null) {
                    sum = sum.plus(Duration.between(interval.from, end));
                }
            }
        }
        return sum;
    }
}
