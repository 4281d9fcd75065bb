package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class TokenThreadTest {
    @Test
    void isFreeAgainWhereNoThreadCouldBeHad() throws Exception {
        AtomicBoolean full = new AtomicBoolean(true);
        TokenThread thread = new TokenThread(work -> {
            if (full.get()) {
                throw new RejectedExecutionException("no thread");
            }
            work.run();
        });
        assertThrows(RejectedExecutionException.class, () -> thread.call(() -> 1, 1000));
        assertFalse(thread.isBusy());
        full.set(false);
        assertEquals(1, thread.call(() -> 1, 1000));
    }
}
