package org.templatevault.persistence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How long questions are asked that take their time, and when again. */
class SparingTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1); // nanoTime may wrap around
    private final Sparing sparing = new Sparing(now::get);
    private int asked;

    private boolean ask(Duration time) {
        return sparing.spare(() -> {
            asked++;
            now.addAndGet(time.toNanos());
            return true;
        });
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void leavesThemOutOnceTheyHaveTakenThreeSeconds() {
        assertTrue(ask(Duration.ofSeconds(2)));
        assertTrue(ask(Duration.ofSeconds(2)));
        assertFalse(ask(Duration.ofSeconds(2)));
        assertEquals(2, asked);
    }

    @Test
    void asksAgainAfterTwentyTimesWhatWasTooLong() {
        assertTrue(ask(Duration.ofSeconds(5)));
        pass(Duration.ofSeconds(39));
        assertFalse(ask(Duration.ZERO));
        pass(Duration.ofSeconds(2));
        assertTrue(ask(Duration.ZERO));
    }

    @Test
    void asksAsOftenAsTheyAreQuick() {
        for (int i = 0; i < 10_000; i++) {
            assertTrue(ask(Duration.ofMillis(1)));
            pass(Duration.ofMillis(20));
        }
        assertEquals(10_000, asked);
    }
}
