package org.templatevault.rotation;

import jakarta.batch.api.BatchProperty;
import jakarta.batch.api.chunk.AbstractItemReader;
import jakarta.batch.runtime.context.StepContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Candidate;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.RowsInUse;

/**
 * Reads the subjects of one range in the order of their ids, a page at a time: at most 1,000 subjects or 8 MiB, whichever
 * is reached first, so that memory does not grow with the vault. A page is a chunk.
 */
@Named("rotationReader")
@Dependent
public class SubjectReader extends AbstractItemReader {
    private static final int PAGE_SUBJECTS = 1_000;
    private static final long PAGE_BYTES = 8 << 20;
    private static final long BACK_OFF_MILLIS = 500;
    private static final int BACK_OFF_WAITS = 20;
    private static final long SLICE_MILLIS = 5_000;
    private static final int SLOW_SUBJECTS = 20;
    /** Under a rate: small pages often, so that a reader never waits for a large one. */
    private static final int PAGES_PER_SECOND = 20;

    @Inject
    @BatchProperty(name = RangeMapper.AFTER)
    String after;

    @Inject
    @BatchProperty(name = RangeMapper.UP_TO)
    String upTo;

    @Inject
    StepContext step;

    @Inject
    RotationTask task;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    Rotations rotations;

    @Inject
    Backoff backoff;

    @Inject
    RowsInUse rowsInUse;

    private RowsInUse.@Nullable Use use;
    private final Deque<Subject> page = new ArrayDeque<>();
    private UUID last = new UUID(0, 0);
    private UUID reached = last;
    private UUID written = last;
    private boolean finished;
    private long nextPageAt;
    private long pageNanos;
    private List<Rotations.Range> ranges = List.of();

    @Override
    public void open(@Nullable Serializable checkpoint) {
        close();
        page.clear();
        last = checkpoint instanceof UUID earlier ? earlier : UUID.fromString(after);
        reached = last;
        written = last;
        step.setTransientUserData(PageEnd.NOT_REACHED);
    }

    @Override
    public @Nullable Object readItem() {
        if (page.isEmpty() && !finished) {
            readPage();
        }
        Subject next = page.poll();
        reached = next == null || page.isEmpty() ? last : next.key().subjectId();
        step.setTransientUserData(page.isEmpty() ? PageEnd.REACHED : PageEnd.NOT_REACHED);
        return next;
    }

    /** The page before was written, or is read again: nothing of it is held any more. */
    @Override
    public void close() {
        RowsInUse.Use held = use;
        if (held != null) {
            held.close();
        }
    }

    private void readPage() {
        close();
        boolean slowly = givesWay();
        Rotations.Row row = task.row();
        if (!row.state().equals(RotationState.REENCRYPTING.name())) {
            finished = true;
            return;
        }
        int limit = Math.min(pace(row.rate()), slowly ? SLOW_SUBJECTS : PAGE_SUBJECTS);
        List<Candidate> candidates =
                within(olderSubjects.next(last, UUID.fromString(upTo), row.id(), row.toVersion(), limit));
        if (candidates.isEmpty()) {
            finished = true;
            return;
        }
        last = candidates.get(candidates.size() - 1).subjectId();
        use = rowsInUse.begin();
        page.addAll(olderSubjects.load(
                candidates.stream().map(Candidate::subjectId).toList(),
                row.toVersion(),
                row.mode().equals("reencrypt")));
        if (page.isEmpty()) {
            readPage();
        }
    }

    /**
     * Waits while something speaks against another page, but not so long that the chunk's transaction times out.
     *
     * @return whether it still does: then the page is to be small
     */
    private boolean givesWay() {
        for (int waits = 0; backoff.reason() != null; waits++) {
            if (waits == BACK_OFF_WAITS) {
                return true;
            }
            sleep(BACK_OFF_MILLIS);
        }
        return false;
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Candidate> within(List<Candidate> candidates) {
        List<Candidate> taken = new ArrayList<>();
        long bytes = 0;
        for (Candidate candidate : candidates) {
            bytes += candidate.storedBytes();
            if (!taken.isEmpty() && bytes > PAGE_BYTES) {
                break;
            }
            taken.add(candidate);
        }
        return taken;
    }

    /** Waits for this page's turn under the rate, before the chunk's transaction has touched a row. */
    private int pace(@Nullable Integer rate) {
        if (rate == null) {
            pageNanos = 0;
            return PAGE_SUBJECTS;
        }
        double perPartition = (double) rate / ranges().size();
        int limit = (int) Math.max(1, Math.min(PAGE_SUBJECTS, perPartition / PAGES_PER_SECOND));
        long period = (long) (limit / perPartition * 1_000_000_000L);
        long now = System.nanoTime();
        boolean inTurn = period == pageNanos && now - nextPageAt < period;
        long start = inTurn ? nextPageAt : turn(now, period);
        pageNanos = period;
        nextPageAt = start + period;
        for (long left = (start - now) / 1_000_000; left > 0; left -= SLICE_MILLIS) {
            sleep(Math.min(left, SLICE_MILLIS));
            task.row(); // the database ends a transaction that is silent for long
        }
        return limit;
    }

    /** The pages of the partitions begin one after the other: readers never wait for all of them at once. */
    private long turn(long now, long period) {
        List<UUID> ends = ranges().stream().map(Rotations.Range::upToId).toList();
        long offset = period * ends.indexOf(UUID.fromString(upTo)) / ends.size();
        return now + Math.floorMod(offset - now, period);
    }

    private List<Rotations.Range> ranges() {
        if (ranges.isEmpty()) {
            ranges = rotations.ranges(task.id());
        }
        return ranges;
    }

    /** Inside a page as well: a job that is told to stop ends its chunk in the middle of one. */
    @Override
    public Serializable checkpointInfo() {
        if (PageEnd.NOT_WRITTEN.equals(step.getTransientUserData())) {
            finished = true;
            page.clear();
        } else {
            written = reached;
        }
        return written;
    }
}
