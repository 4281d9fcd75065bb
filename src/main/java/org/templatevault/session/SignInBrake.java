package org.templatevault.session;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.templatevault.audit.Network;

/**
 * Slows down who guesses passwords, by address: after {@value #FREE} failures each further one makes the address wait, twice
 * as long as the one before. A failure is forgotten after a quarter of an hour without another. What counts as one address,
 * {@link Network} says.
 */
@ApplicationScoped
public class SignInBrake {
    static final int FREE = 5;
    private static final int MOST_ADDRESSES = 10_000;
    private static final Duration LONGEST = Duration.ofMinutes(5);
    private static final Duration REMEMBERED = Duration.ofMinutes(15);

    private record Attempts(int failures, Instant last) {
        Instant freeAt() {
            int beyond = failures - FREE;
            Duration wait = beyond < 0 ? Duration.ZERO : Duration.ofSeconds(1L << Math.min(beyond, 9));
            return last.plus(wait.compareTo(LONGEST) < 0 ? wait : LONGEST);
        }
    }

    private final Map<String, Attempts> byAddress = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Attempts> eldest) {
            return size() > MOST_ADDRESSES;
        }
    };

    /**
     * Asks before a password is looked at. What is let through counts as a failure until {@link #succeeded}, so that many
     * at once win nothing.
     *
     * @return how long to wait; zero for now
     */
    synchronized Duration attempt(String address, Instant now) {
        String key = Network.of(address);
        Attempts known = byAddress.get(key);
        if (known == null || known.last.plus(REMEMBERED).isBefore(now)) {
            known = new Attempts(0, Instant.EPOCH);
        }
        if (known.freeAt().isAfter(now)) {
            return Duration.between(now, known.freeAt());
        }
        byAddress.put(key, new Attempts(known.failures + 1, now));
        return Duration.ZERO;
    }

    /** The attempt that was let through had the right password. */
    synchronized void succeeded(String address) {
        byAddress.computeIfPresent(
                Network.of(address),
                (key, known) -> known.failures <= 1 ? null : new Attempts(known.failures - 1, known.last));
    }
}
