package org.templatevault.retention;

import jakarta.batch.api.chunk.AbstractItemReader;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.io.Serializable;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.job.Pace;
import org.templatevault.persistence.BulkErasures;

/**
 * Reads whom the erasure has not reached, in the order of their ids. An item is a page of them, so that a chunk is one. The
 * rows say what is left: after a restart it begins at the front and finds only that.
 */
@Named("bulkErasureReader")
@Dependent
public class DueSubjectReader extends AbstractItemReader {
    private static final UUID FIRST = new UUID(0, 0);

    @Inject
    BulkErasureTask task;

    @Inject
    BulkErasureJob job;

    @Inject
    BulkErasures erasures;

    @Inject
    Pace pace;

    private UUID last = FIRST;

    @Override
    public void open(@Nullable Serializable checkpoint) {
        last = FIRST;
    }

    @Override
    public @Nullable Object readItem() {
        int most = pace.giveWay(job.chunkSubjects());
        BulkErasures.Row asked = task.row();
        int limit = pace.keepTo(asked.rate(), Pace.Part.ONLY, most, task::row);
        BulkErasures.Row row = task.row();
        if (!row.state().equals(BulkErasureState.RUNNING.name())) {
            return null;
        }
        List<UUID> page = erasures.next(row.id(), last, limit);
        if (page.isEmpty()) {
            return null;
        }
        last = page.get(page.size() - 1);
        return page;
    }
}
