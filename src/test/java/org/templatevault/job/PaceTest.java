package org.templatevault.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The parts of a job under a rate take turns. */
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
}
