package org.templatevault.console;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import org.templatevault.persistence.JobHistory;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;

/** What runs long, and what did: the open and the newest of every kind, with the figures of the rotation that goes on. */
@ApplicationScoped
public class Jobs {
    @Inject
    Transactions transactions;

    @Inject
    JobHistory history;

    @Inject
    Rotations rotations;

    /** Those that have not ended, then the newest, at most 100; two queries at most, however many there are. */
    public List<JobHistory.Row> newest() {
        return transactions.read(
                () -> history.newest().stream().map(this::withProgress).toList());
    }

    private JobHistory.Row withProgress(JobHistory.Row row) {
        if (row.done() != null || row.startedAt() == null) {
            return row;
        }
        Rotations.Progress progress = rotations.progress(row.id());
        return new JobHistory.Row(
                row.kind(),
                row.id(),
                row.state(),
                row.what(),
                row.reason(),
                row.requestedBy(),
                row.requestedAt(),
                row.startedAt(),
                row.endedAt(),
                row.total(),
                progress.done(),
                progress.quarantined());
    }
}
