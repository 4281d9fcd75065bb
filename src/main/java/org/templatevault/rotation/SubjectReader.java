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
import org.templatevault.job.Pace;
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
    Pace pace;

    @Inject
    RowsInUse rowsInUse;

    private RowsInUse.@Nullable Use use;
    private final Deque<Subject> page = new ArrayDeque<>();
    private UUID last = new UUID(0, 0);
    private UUID reached = last;
    private UUID written = last;
    private boolean finished;
    private Pace.@Nullable Part part;

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
        int most = pace.giveWay(PAGE_SUBJECTS);
        Rotations.Row row = task.row();
        if (!row.state().equals(RotationState.REENCRYPTING.name())) {
            finished = true;
            return;
        }
        int limit = pace.keepTo(row.rate(), part(), most, task::row);
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

    private Pace.Part part() {
        Pace.Part known = part;
        if (known == null) {
            List<UUID> ends = rotations.ranges(task.id()).stream()
                    .map(Rotations.Range::upToId)
                    .toList();
            known = new Pace.Part(Math.max(0, ends.indexOf(UUID.fromString(upTo))), Math.max(1, ends.size()));
            part = known;
        }
        return known;
    }

    /** Inside a page as well: a job that is told to stop ends its chunk in the middle of one. */
    @Override
    public Serializable checkpointInfo() {
        if (PageEnd.NOT_WRITTEN.equals(step.getTransientUserData())) {
            finished = true;
            page.clear();
        } else if (!written.equals(reached)) {
            written = reached;
            rotations.reach(task.id(), UUID.fromString(upTo), written);
        }
        return written;
    }
}
