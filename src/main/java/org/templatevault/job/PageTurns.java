package org.templatevault.job;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Which of the parts of this node's jobs is at work on a page under a rate: one, or none. */
@ApplicationScoped
class PageTurns {
    private final Semaphore turn = new Semaphore(1, true);

    /** Whether the turn came within so many milliseconds; who has it gives it back. */
    boolean take(long millis) {
        try {
            return turn.tryAcquire(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void giveBack() {
        turn.release();
    }
}
