package org.templatevault.retention;

import jakarta.batch.api.AbstractBatchlet;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.util.UUID;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Transactions;

/** The job's last step: it is done when the rows say that nobody is left, whatever the job says. */
@Named("finishBulkErasure")
@Dependent
public class FinishErasureBatchlet extends AbstractBatchlet {
    private static final System.Logger LOG = System.getLogger(FinishErasureBatchlet.class.getName());

    @Inject
    BulkErasureTask task;

    @Inject
    BulkErasureJob job;

    @Inject
    BulkErasures erasures;

    @Inject
    BulkErasureLedger ledger;

    @Inject
    Transactions transactions;

    @Override
    public String process() {
        return AuditContext.callInVault(BulkErasureJob.WORK, this::finish);
    }

    private String finish() {
        UUID id = task.id();
        task.leaseToken();
        if (!erasures.next(id, new UUID(0, 0), 1).isEmpty()
                || !transactions.call(() -> ledger.tryMove(id, BulkErasureState.DONE))) {
            return "LEFT";
        }
        job.goSlowly(false);
        job.end(id, task.execution());
        LOG.log(System.Logger.Level.INFO, "Bulk erasure {0} is done", id);
        return BulkErasureState.DONE.name();
    }
}
