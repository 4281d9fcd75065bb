package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MissedVersionsTest {
    private long now = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(3);
    private final MissedVersions missed = new MissedVersions(() -> now);

    private void pass(long seconds) {
        now += TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void triesTwiceAsLateAfterEachTimeUpToHalfAMinute() {
        for (long pause : List.of(1, 2, 4, 8, 16, 32, 32)) {
            assertTrue(missed.isTurn("1,2"));
            missed.note("1,2", "1");
            pass(pause - 1);
            assertFalse(missed.isTurn("1,2"));
            pass(1);
        }
    }

    @Test
    void triesOthersAndAnythingAfterASuccessAtOnce() {
        missed.note("1,2", "1");
        pass(1);
        missed.note("1,2", "1");
        assertFalse(missed.isTurn("1,2"));
        assertTrue(missed.isTurn("1,2,3"));
        missed.note("1,2,3", "1");
        pass(1);
        assertTrue(missed.isTurn("1,2,3"), "the pause of others is their own");
        missed.note("1,2,3", "1,2,3");
        assertTrue(missed.isTurn("1,2,3"));
    }
}
