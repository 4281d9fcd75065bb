package org.templatevault.bench;

import java.util.Arrays;
import java.util.List;

/** How long each of many requests took. */
final class Latencies {
    private final long[] sorted;

    Latencies(long[] nanos) {
        sorted = nanos.clone();
        Arrays.sort(sorted);
    }

    static Latencies ofAll(List<Latencies> several) {
        return new Latencies(
                several.stream().flatMapToLong(one -> Arrays.stream(one.sorted)).toArray());
    }

    int count() {
        return sorted.length;
    }

    /** What this share of the requests does not exceed, in milliseconds. */
    double millis(double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e6;
    }
}
