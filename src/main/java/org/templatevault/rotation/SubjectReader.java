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
 * is reached first, so that memory does not grow with the vault. A page is a chunk. Its rows are loaded some at a time:
 * those that were prepared need no memory any more when the next ones come, and a collection copies what is in use.
 */
@Named("rotationReader")
@Dependent
public class SubjectReader extends AbstractItemReader {
    private static final int PAGE_SUBJECTS = 1_000;
    private static final long PAGE_BYTES = 8 << 20;
    private static final int LOADED_SUBJECTS = 50;
    /** An item for nobody: many subjects that need no move were passed, and the chunk ends so that this is noted. */
    static final Object PASSED = new Object();

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
    private final Deque<UUID> toLoad = new ArrayDeque<>();
    private final Deque<Subject> loaded = new ArrayDeque<>();
    private UUID last = new UUID(0, 0);
    private UUID reached = last;
    private UUID written = last;
    private int toVersion;
    private boolean reencrypt;
    private boolean finished;
    private boolean passed;
    private Pace.@Nullable Part part;

    @Override
    public void open(@Nullable Serializable checkpoint) {
        close();
        forget();
        last = checkpoint instanceof UUID earlier ? earlier : UUID.fromString(after);
        reached = last;
        written = last;
        step.setTransientUserData(PageEnd.NOT_REACHED);
    }

    @Override
    public @Nullable Object readItem() {
        passed = false;
        while (loaded.isEmpty() && !finished && !passed) {
            readPage();
        }
        if (passed) {
            reached = last;
            step.setTransientUserData(PageEnd.REACHED);
            return PASSED;
        }
        Subject next = loaded.poll();
        load();
        reached = next == null || loaded.isEmpty() ? last : next.key().subjectId();
        step.setTransientUserData(loaded.isEmpty() ? PageEnd.REACHED : PageEnd.NOT_REACHED);
        return next;
    }

    /** Loads the next rows of the page where none are left: the end of a page is known with its last subject. */
    private void load() {
        while (loaded.isEmpty() && !toLoad.isEmpty()) {
            List<UUID> subjects = new ArrayList<>();
            while (subjects.size() < LOADED_SUBJECTS && !toLoad.isEmpty()) {
                subjects.add(toLoad.remove());
            }
            loaded.addAll(olderSubjects.load(subjects, toVersion, reencrypt));
        }
    }

    private void forget() {
        toLoad.clear();
        loaded.clear();
    }

    /** The page before was written, or is read again: nothing of it is held any more. */
    @Override
    public void close() {
        pace.endPage();
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
            pass(row);
            return;
        }
        last = candidates.get(candidates.size() - 1).subjectId();
        use = rowsInUse.begin();
        candidates.forEach(candidate -> toLoad.add(candidate.subjectId()));
        toVersion = row.toVersion();
        reencrypt = row.mode().equals("reencrypt");
        load();
    }

    /** Looked through once more up to an end that is known first: subjects that go meanwhile bring others into a window. */
    private void pass(Rotations.Row row) {
        UUID all = UUID.fromString(upTo);
        UUID end = olderSubjects.endOfWindow(last, all).orElse(all);
        if (olderSubjects.next(last, end, row.id(), row.toVersion(), 1).isEmpty()) {
            finished = end.equals(all);
            passed = !finished;
            last = end;
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
            forget();
        } else if (!written.equals(reached)) {
            written = reached;
            rotations.reach(task.id(), UUID.fromString(upTo), written);
        }
        return written;
    }
}
