package org.templatevault.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The parts of a job under a rate take turns; each page gives way. */
class PaceTest {
    /** Of two parts: a page of one subject every other second. */
    private static final int RATE = 1;

    private final PageTurns turns = new PageTurns();
    private final Pace first = new Pace(new Backoff(), turns);
    private final Pace second = new Pace(new Backoff(), turns);
    private final AtomicBoolean ended = new AtomicBoolean();

    private static int page(Pace pace, @Nullable Integer rate, int number) {
        return pace.keepTo(rate, new Pace.Part(number, 2), 1_000, () -> {});
    }

    private CompletableFuture<Boolean> secondPageBeganAfterTheFirst() {
        return CompletableFuture.supplyAsync(() -> {
            page(second, RATE, 1);
            return ended.get();
        });
    }

    @Test
    void beginsNoPageWhileAnotherPartIsAtWork() throws Exception {
        assertEquals(1, page(first, RATE, 0));
        CompletableFuture<Boolean> second = secondPageBeganAfterTheFirst();
        Thread.sleep(1_500); // its time was 1,000 ms after that of the first
        assertFalse(second.isDone());
        ended.set(true);
        first.endPage();
        assertTrue(second.get(10, TimeUnit.SECONDS));
    }

    @Test
    void goesOnWithoutATurnWhenItIsLate() throws ExecutionException, InterruptedException, TimeoutException {
        page(first, RATE, 0);
        assertFalse(secondPageBeganAfterTheFirst().get(10, TimeUnit.SECONDS));
        first.endPage();
        second.endPage();
        assertTrue(turns.take(0), "a part that had no turn gave one back, or kept one");
        assertFalse(turns.take(0));
    }

    @Test
    void needsNoTurnWithoutARate() {
        page(first, RATE, 0);
        assertEquals(1_000, page(second, null, 1));
    }

    private Pace busy(int times, AtomicInteger asked) {
        Backoff backoff = new Backoff() {
            @Override
            public @Nullable String reason() {
                return asked.incrementAndGet() <= times ? "reads are slow" : null;
            }
        };
        return new Pace(backoff, turns);
    }

    @Test
    void waitsUntilNothingSpeaksAgainstAPage() {
        long from = System.nanoTime();
        assertEquals(1_000, busy(3, new AtomicInteger()).giveWay(1_000));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from);
        assertTrue(millis >= 1_400, () -> "three waits of half a second took " + millis + " ms");
    }

    /** No wait of a thread that was interrupted lasts: the ten seconds are told by how often it looks. */
    @Test
    void takesFewSubjectsAfterTenSecondsWhileTheReasonLasts() {
        AtomicInteger asked = new AtomicInteger();
        Pace pace = busy(Integer.MAX_VALUE, asked);
        Thread.currentThread().interrupt();
        int many = pace.giveWay(1_000);
        int few = pace.giveWay(7);
        assertTrue(Thread.interrupted());
        assertEquals(20, many);
        assertEquals(7, few);
        assertEquals(2 * 21, asked.get());
    }
}
