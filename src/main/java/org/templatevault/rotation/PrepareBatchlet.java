package org.templatevault.rotation;

import jakarta.batch.api.AbstractBatchlet;
import jakarta.batch.operations.JobOperator;
import jakarta.batch.runtime.BatchRuntime;
import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.util.EnumSet;
import java.util.Set;
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
                && !transactions.call(() -> ledger.tryMoveAsOwner(row.id(), startable(), RotationState.REENCRYPTING))) {
            runs.end(row.id(), job.getExecutionId());
            throw RotationConflictException.illegal(state, RotationState.REENCRYPTING);
        }
        keyRings.refresh();
        return "RUNNABLE";
    }

    /** A new job ends no pause: it was asked for before somebody paused. Who restarts one that was stopped does. */
    private Set<RotationState> startable() {
        JobOperator operator = BatchRuntime.getJobOperator();
        boolean restart = operator.getJobExecutions(operator.getJobInstance(job.getExecutionId()))
                        .size()
                > 1;
        Set<RotationState> states = EnumSet.of(RotationState.ACTIVATED, RotationState.VERIFYING);
        if (restart) {
            states.addAll(RotationState.STOPPED);
        }
        return states;
    }
}
