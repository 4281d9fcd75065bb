package org.templatevault.rotation;

import jakarta.batch.api.chunk.ItemProcessor;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.Rotations;
import org.templatevault.vault.SubjectMover;

/** Opens all of a subject's templates and seals them under a new DEK, or moves the wrapping only. */
@Named("rotationProcessor")
@Dependent
public class SubjectProcessor implements ItemProcessor {
    @Inject
    RotationTask task;

    @Inject
    SubjectMover mover;

    private Rotations.@Nullable Row row;

    /**
     * A page is computed for milliseconds without a wait, and readers' threads that were woken on this processor stood
     * behind it; as a yield takes less than a microsecond, it is done for each subject.
     */
    @Override
    @SuppressWarnings("ThreadPriorityCheck") // nothing is right or wrong by it: it is for the readers' p99 only
    public @Nullable Object processItem(Object item) {
        if (item == SubjectReader.PASSED) {
            return null;
        }
        Rotations.Row present = row;
        if (present == null) {
            present = task.row();
            row = present;
        }
        Thread.yield();
        return mover.prepare((Subject) item, RotationTask.target(present));
    }
}
