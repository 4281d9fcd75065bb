package org.templatevault.retention;

import jakarta.batch.api.AbstractBatchlet;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Transactions;

/** The job's first step: refuses unless the row may run, is leased to this node, and is run by no other execution. */
@Named("prepareBulkErasure")
@Dependent
public class PrepareErasureBatchlet extends AbstractBatchlet {
    @Inject
    BulkErasureTask task;

    @Inject
    BulkErasureJob job;

    @Inject
    BulkErasureLedger ledger;

    @Inject
    Transactions transactions;

    @Override
    public String process() {
        return AuditContext.callInVault(BulkErasureJob.WORK, this::prepare);
    }

    private String prepare() {
        BulkErasures.Row row = task.row();
        task.leaseToken();
        if (!job.begin(row.id(), task.execution())) {
            throw new IllegalStateException("Another execution carries out this erasure");
        }
        boolean running = row.state().equals(BulkErasureState.RUNNING.name());
        boolean asked = row.state().equals(BulkErasureState.REQUESTED.name());
        if (!running && !(asked && transactions.call(() -> ledger.tryMove(row.id(), BulkErasureState.RUNNING)))) {
            job.end(row.id(), task.execution());
            throw BulkErasureException.illegal(row.state(), BulkErasureState.RUNNING);
        }
        return "RUNNABLE";
    }
}
