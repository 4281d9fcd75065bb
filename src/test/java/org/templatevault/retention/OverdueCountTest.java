package org.templatevault.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.Transactions;

/** A count that takes longer than the time between two is not followed by the next at once. */
class OverdueCountTest {
    private long clock = 1;
    private int counts;

    @SuppressWarnings("UnnecessaryAssignment") // no container injects here
    private OverdueCount countThatTakes(long seconds) {
        OverdueCount overdue = new OverdueCount();
        overdue.clock = () -> clock;
        overdue.retention = new Retention();
        overdue.bulkErasures = new BulkErasures() {
            @Override
            public Optional<Instant> lastEnd() {
                return Optional.empty();
            }
        };
        overdue.transactions = new Transactions() {
            @Override
            @SuppressWarnings("unchecked")
            public <T> T patiently(Supplier<T> work) {
                pass(seconds);
                counts++;
                return (T) Long.valueOf(7);
            }
        };
        return overdue;
    }

    private void pass(long seconds) {
        clock += TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void isMadeAMinuteAfterTheLastHasEnded() {
        OverdueCount overdue = countThatTakes(90);
        overdue.read();
        assertEquals(7, overdue.last());
        pass(5);
        overdue.read();
        assertEquals(1, counts);
        pass(56);
        overdue.read();
        assertEquals(2, counts);
    }
}
