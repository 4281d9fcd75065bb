package org.templatevault.error;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a schedule does when its work throws. */
class RepeatedTest {
    @Test
    void isDoneAgainAfterAnError() throws InterruptedException {
        CountDownLatch turns = new CountDownLatch(3);
        ScheduledExecutorService schedule = Executors.newSingleThreadScheduledExecutor();
        try {
            Future<?> repeated = schedule.scheduleWithFixedDelay(
                    Repeated.of(() -> {
                        turns.countDown();
                        throw new OutOfMemoryError("made up");
                    }),
                    0,
                    1,
                    TimeUnit.MILLISECONDS);
            assertTrue(turns.await(30, TimeUnit.SECONDS));
            assertFalse(repeated.isDone());
        } finally {
            schedule.shutdownNow();
        }
    }
}
