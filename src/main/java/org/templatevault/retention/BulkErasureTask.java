package org.templatevault.retention;

import jakarta.batch.runtime.context.JobContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.job.LeasedJob;
import org.templatevault.persistence.BulkErasures;

/** What every part of the job knows: its only parameter is the id of a row, and everything else is read there. */
@Dependent
class BulkErasureTask {
    @Inject
    JobContext context;

    @Inject
    BulkErasureJob job;

    @Inject
    BulkErasures erasures;

    private @Nullable UUID id;

    UUID id() {
        UUID known = id;
        if (known == null) {
            known = LeasedJob.row(context, BulkErasureJob.NAME).orElseThrow(BulkErasureException::absent);
            id = known;
        }
        return known;
    }

    BulkErasures.Row row() {
        return erasures.find(id()).orElseThrow(BulkErasureException::absent);
    }

    long execution() {
        return context.getExecutionId();
    }

    long leaseToken() {
        return job.leaseToken()
                .orElseThrow(() -> new IllegalStateException("This node does not hold the lease of bulk erasures"));
    }
}
