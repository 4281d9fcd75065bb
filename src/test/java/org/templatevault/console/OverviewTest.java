package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Transactions;

class OverviewTest {
    /** A database that is away, and how often it was asked. */
    private static final class Away extends Transactions {
        private int asked;

        @Override
        public <T> T read(Supplier<T> work) {
            asked++;
            throw new IllegalStateException("away");
        }
    }

    @Test
    @SuppressWarnings("UnnecessaryAssignment") // no container here
    void doesNotAskADatabaseThatIsAwayForEachWhoWaited() {
        Away away = new Away();
        Overview overview = new Overview();
        overview.transactions = away;
        RuntimeException first = assertThrows(IllegalStateException.class, overview::look);
        assertSame(first, assertThrows(IllegalStateException.class, overview::look));
        assertEquals(1, away.asked);
    }
}
