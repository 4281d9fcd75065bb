package org.templatevault.rotation;

import jakarta.batch.api.AbstractBatchlet;
import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import org.templatevault.audit.AuditContext;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;

/**
 * The job's first step: refuses unless the rotation's row is runnable, leased to this node, and run by no other
 * execution.
 */
@Named("prepareRotation")
@Dependent
public class PrepareBatchlet extends AbstractBatchlet {
    @Inject
    JobContext job;

    @Inject
    RotationTask task;

    @Inject
    RotationRuns runs;

    @Inject
    RotationLedger ledger;

    @Inject
    KeyRings keyRings;

    @Inject
    Transactions transactions;

    @Override
    public String process() {
        return AuditContext.callInVault(RotationRuns.NAME, this::prepare);
    }

    private String prepare() {
        Rotations.Row row = task.row();
        task.mover(row);
        if (!runs.begin(row.id(), job.getExecutionId())) {
            throw new IllegalStateException("Another execution runs this rotation");
        }
        RotationState state = RotationState.valueOf(row.state());
        if (state != RotationState.REENCRYPTING
                && !transactions.call(() -> ledger.tryMove(row.id(), RotationState.REENCRYPTING))) {
            runs.end(row.id(), job.getExecutionId());
            throw RotationConflictException.illegal(state, RotationState.REENCRYPTING);
        }
        keyRings.refresh();
        return "RUNNABLE";
    }
}
