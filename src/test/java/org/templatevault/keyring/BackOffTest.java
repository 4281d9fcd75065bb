package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BackOffTest {
    private long now = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(3);
    private final BackOff backOff = new BackOff(() -> now);

    private void pass(long seconds) {
        now += TimeUnit.SECONDS.toNanos(seconds);
    }

    private void refuses(String reason) {
        assertEquals(
                reason,
                assertThrows(KeyStoreUnavailableException.class, backOff::requireTurn)
                        .getMessage());
    }

    @Test
    void waitsTwiceAsLongAfterEachFailureUpToAMinute() {
        for (long pause : List.of(1, 2, 4, 8, 16, 32, 60, 60)) {
            assertDoesNotThrow(backOff::requireTurn);
            backOff.failed("away");
            pass(pause - 1);
            refuses("away");
            pass(1);
        }
    }

    @Test
    void beginsAnewAfterASuccess() {
        backOff.failed("away");
        pass(1);
        backOff.failed("away");
        backOff.succeeded();
        assertDoesNotThrow(backOff::requireTurn);
        backOff.failed("away again");
        refuses("away again");
        pass(1);
        assertDoesNotThrow(backOff::requireTurn);
    }

    @Test
    void givesNoTurnAfterAFailureForGood() {
        backOff.failedForGood("the PIN");
        pass(TimeUnit.DAYS.toSeconds(365));
        refuses("the PIN");
    }
}
