package org.templatevault.retention;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.function.LongSupplier;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.Transactions;

/**
 * How many subjects are kept too long. Counting looks at every subject, so it is done a minute after the last one has
 * ended and after an erasure of many, by the upkeep; whoever asks gets the last count.
 */
@ApplicationScoped
public class OverdueCount {
    private static final long EVERY_NANOS = 60_000_000_000L;

    @Inject
    Transactions transactions;

    @Inject
    Retention retention;

    @Inject
    BulkErasures bulkErasures;

    LongSupplier clock = System::nanoTime;

    private volatile long count;
    private long countedAt;
    private Instant lastErasure = Instant.EPOCH;

    /** Counts anew if it is time; by one thread only. */
    public void read() {
        Instant ended = bulkErasures.lastEnd().orElse(Instant.EPOCH);
        if (countedAt == 0 || clock.getAsLong() - countedAt > EVERY_NANOS || !ended.equals(lastErasure)) {
            count = transactions.patiently(retention::overdue);
            countedAt = clock.getAsLong();
            lastErasure = ended;
        }
    }

    /** The last count. */
    public long last() {
        return count;
    }
}
