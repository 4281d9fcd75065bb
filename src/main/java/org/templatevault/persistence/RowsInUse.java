package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What this node has begun to do with rows and has not ended: requests, pages of a job. An erasure is evicted from a node
 * when all that the node had begun before the rows were gone has ended. Counts transaction ids, no clock.
 */
@ApplicationScoped
public class RowsInUse {
    /** Something that reads rows, from before its first statement until it has let go of what it read. */
    public static final class Use implements AutoCloseable {
        private final RowsInUse all;
        private final long generation;
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Use(RowsInUse all, long generation) {
            this.all = all;
            this.generation = generation;
        }

        @Override
        public void close() {
            if (open.compareAndSet(true, false)) {
                all.end(generation);
            }
        }
    }

    /** All that began in this generation or before it began before a report that every id below {@code xid} had ended. */
    private record Closed(long generation, long xid) {}

    private final TreeMap<Long, Integer> uses = new TreeMap<>();
    private final Deque<Closed> closed = new ArrayDeque<>();
    private long generation;
    private long cleared;

    /** Begins something; the caller closes it. */
    public synchronized Use begin() {
        uses.merge(generation, 1, Integer::sum);
        return new Use(this, generation);
    }

    private synchronized void end(long ended) {
        uses.computeIfPresent(ended, (key, count) -> count == 1 ? null : count - 1);
        settle();
    }

    /**
     * Notes what a report has learnt from the database.
     *
     * @param xid every transaction with a lower id had ended when the report was written
     */
    public synchronized void reported(long xid) {
        closed.addLast(new Closed(generation, xid));
        generation++;
        settle();
    }

    private void settle() {
        Map.Entry<Long, Integer> oldest = uses.firstEntry();
        while (!closed.isEmpty() && (oldest == null || oldest.getKey() > closed.getFirst().generation)) {
            cleared = Math.max(cleared, closed.removeFirst().xid);
        }
    }

    /** Every transaction with a lower id had ended before anything began that has not ended yet. */
    public synchronized long cleared() {
        return cleared;
    }
}
