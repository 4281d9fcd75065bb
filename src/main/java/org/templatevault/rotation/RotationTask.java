package org.templatevault.rotation;

import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Suite;
import org.templatevault.persistence.OlderSubjects.Mover;
import org.templatevault.persistence.Rotations;
import org.templatevault.vault.SubjectMover.Target;

/**
 * What every part of the job knows: the job's only parameter is the rotation's id, and everything else is read from its
 * row. A job that somebody submitted with made-up parameters is refused here.
 */
@Dependent
class RotationTask {
    @Inject
    JobContext job;

    @Inject
    Rotations rotations;

    @Inject
    RotationRuns runs;

    private @Nullable UUID id;

    UUID id() {
        UUID known = id;
        if (known == null) {
            known = readId();
            id = known;
        }
        return known;
    }

    /** Asked once for each part of a job: the job repository reads several of its tables for the answer. */
    private UUID readId() {
        String parameter = jakarta.batch.runtime.BatchRuntime.getJobOperator()
                .getParameters(job.getExecutionId())
                .getProperty(RotationDriver.PARAMETER, "");
        try {
            return UUID.fromString(parameter);
        } catch (IllegalArgumentException madeUp) {
            throw new RotationNotFoundException();
        }
    }

    Rotations.Row row() {
        return rotations.find(id()).orElseThrow(RotationNotFoundException::new);
    }

    static Target target(Rotations.Row row) {
        return new Target(row.toVersion(), row.mode().equals("reencrypt"), Suite.valueOf(row.dataSuite()));
    }

    Mover mover(Rotations.Row row) {
        long token = runs.leaseToken()
                .orElseThrow(() -> new IllegalStateException("This node does not hold the lease of rotations"));
        return new Mover(row.id(), row.toVersion(), token);
    }
}
