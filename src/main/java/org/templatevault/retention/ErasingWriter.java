package org.templatevault.retention;

import jakarta.batch.api.chunk.AbstractItemWriter;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Holds;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.trail.Trail;
import org.templatevault.vault.SubjectVault;

/**
 * Erases a page of subjects in the chunk's transaction. First it takes their rows, which whoever sets a hold must take, too;
 * only then, by a statement of its own, it asks for holds: one that was set while it waited is seen, and a later one waits.
 */
@Named("bulkErasureWriter")
@Dependent
public class ErasingWriter extends AbstractItemWriter {
    @Inject
    BulkErasureTask task;

    @Inject
    BulkErasures erasures;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    Holds holds;

    @Inject
    Retention retention;

    @Inject
    SubjectVault subjects;

    @Inject
    Trail trail;

    @Override
    public void writeItems(List<Object> items) {
        trail.inChunk(BulkErasureJob.WORK, () -> erasePages(items));
    }

    /** A chunk's entries are those of its subjects; one that erases nobody has one of its own. */
    private int erasePages(List<Object> items) {
        BulkErasures.Row row = task.row();
        if (!erasures.holdRunning(row.id(), BulkErasureJob.NAME, task.leaseToken())) {
            return 0;
        }
        AuditContext.note("bulkErasure", row.id().toString());
        for (Object page : items) {
            erase(row, ((List<?>) page).stream().map(UUID.class::cast).toList());
        }
        return items.size();
    }

    private void erase(BulkErasures.Row row, List<UUID> page) {
        Map<UUID, SubjectKeyRow> present = take(page);
        Set<UUID> held = holds.among(List.copyOf(present.keySet()));
        List<UUID> free = present.keySet().stream()
                .filter(subject -> !held.contains(subject))
                .toList();
        Set<UUID> due = stillDue(free, row.dueBy());
        List<UUID> receipts = new ArrayList<>();
        for (UUID subject : free) {
            if (due.contains(subject)) {
                receipts.add(subjects.eraseTouched(touched(present, subject), row.reason(), row.requestedBy())
                        .id());
            }
        }
        erasures.leave(row.id(), List.copyOf(held), "HELD");
        erasures.drop(
                row.id(),
                page.stream().filter(subject -> !held.contains(subject)).toList());
        erasures.advance(
                row.id(),
                receipts,
                new BulkErasures.Progress(
                        receipts.size(), held.size(), page.size() - present.size(), free.size() - receipts.size()));
    }

    private Map<UUID, SubjectKeyRow> take(List<UUID> page) {
        Map<UUID, Long> nothingAdded = page.stream().collect(Collectors.toMap(subject -> subject, subject -> 0L));
        Map<UUID, SubjectKeyRow> present = new TreeMap<>();
        subjectKeys
                .touchAll(nothingAdded)
                .forEach(touched -> present.put(touched.row().subjectId(), touched.row()));
        return present;
    }

    private static SubjectKeyRow touched(Map<UUID, SubjectKeyRow> present, UUID subject) {
        SubjectKeyRow row = present.get(subject);
        if (row == null) {
            throw new IllegalStateException("The subject's row was not taken");
        }
        return row;
    }

    /** Who was there since the erasure was asked for is kept. */
    private Set<UUID> stillDue(List<UUID> free, @org.jspecify.annotations.Nullable LocalDate dueBy) {
        return dueBy == null ? new HashSet<>(free) : retention.takeDue(free, dueBy);
    }
}
