package org.templatevault.keyring;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;

/**
 * The versions without which a node's ring was read, since their KEKs could not be had: what a restored database names and a
 * destruction took the root key of, and what is not active yet. Guarded by the lock of whoever reads the ring.
 */
final class LeftOutVersions {
    /** How long one that no row needed is not looked for again. */
    static final Duration GOOD_FOR = Duration.ofMinutes(10);

    private record LeftOut(Bytes wrapped, long triedAt, boolean notYetActive) {
        boolean isOf(KeyVersions.Row row) {
            return Objects.equals(wrapped, row.wrapped()) && notYetActive == isNotYetActive(row);
        }
    }

    private final Map<Integer, LeftOut> byVersion = new HashMap<>();
    private final LongSupplier nanoTime;

    /** @param nanoTime a clock that is never set, in nanoseconds */
    LeftOutVersions(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** A version in this state wraps nothing, and is not activated before every node has it. */
    static boolean isNotYetActive(KeyVersions.Row row) {
        return row.state().equals(KeyState.PRE_ACTIVE.name());
    }

    /** Whether this very row was left out before. */
    boolean has(KeyVersions.Row row) {
        LeftOut before = find(row);
        return before != null && before.isOf(row);
    }

    /** Whether this very row was left out so lately that it need not be tried again; one that is not yet active always is. */
    boolean isSettled(KeyVersions.Row row) {
        LeftOut before = find(row);
        return before != null
                && before.isOf(row)
                && !before.notYetActive
                && nanoTime.getAsLong() - before.triedAt < GOOD_FOR.toNanos();
    }

    private @Nullable LeftOut find(KeyVersions.Row row) {
        return byVersion.get(row.version());
    }

    void add(KeyVersions.Row row, Bytes wrapped) {
        byVersion.put(row.version(), new LeftOut(wrapped, nanoTime.getAsLong(), isNotYetActive(row)));
    }

    void remove(KeyVersions.Row row) {
        byVersion.remove(row.version());
    }

    /** Forgets those that the database has no KEK of any more. */
    void retain(List<KeyVersions.Row> all) {
        byVersion
                .keySet()
                .removeIf(version -> all.stream().noneMatch(row -> row.version() == version && row.wrapped() != null));
    }

    /** Those that are not active may still be had, and others may wrap with them by then. */
    KeyRing.Absent absent() {
        return new KeyRing.Absent(
                byVersion.entrySet().stream()
                        .filter(entry -> entry.getValue().notYetActive)
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet()),
                byVersion.keySet());
    }
}
