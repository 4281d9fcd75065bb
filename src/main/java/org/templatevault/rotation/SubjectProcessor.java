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

    @Override
    public Object processItem(Object item) {
        Rotations.Row present = row;
        if (present == null) {
            present = task.row();
            row = present;
        }
        return mover.prepare((Subject) item, RotationTask.target(present));
    }
}
