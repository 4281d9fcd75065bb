package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditBlocks.State;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.trail.Entries.Told;

/**
 * The beginning of the trail in a vault that has templates already: entries that tell of every row that is there. Runs
 * before a node of this release serves, so no row changes meanwhile as long as no older release runs beside it.
 */
@ApplicationScoped
public class Genesis {
    private static final int ROWS_IN_AN_ENTRY = 500;

    @Inject
    Transactions transactions;

    @Inject
    AuditBlocks blocks;

    @Inject
    AuditEntries auditEntries;

    @Inject
    Templates templates;

    @Inject
    RowElements elements;

    @Inject
    Entries entries;

    /**
     * Begins the trail unless it has begun, or another node begins it meanwhile; makes the partitions of the coming
     * months.
     *
     * @throws IllegalStateException if there are blocks, and what was counted of them is gone: a new beginning would hide
     *     that
     */
    public void begin() {
        transactions.run(blocks::makeMonths);
        if (hasBegun()) {
            return;
        }
        try {
            write();
        } catch (RuntimeException e) {
            if (!hasBegun()) {
                throw e;
            }
        }
    }

    private boolean hasBegun() {
        return transactions.read(blocks::state).isPresent();
    }

    private void write() {
        transactions.snapshot(() -> {
            if (blocks.state().isEmpty()) {
                blocks.newest().ifPresent(Genesis::refuse);
                tell();
                blocks.begin(new State(0, Bytes.of(new BucketSums().toBytes())));
            }
            return true;
        });
    }

    private static void refuse(AuditBlocks.Row newest) {
        throw new IllegalStateException("The audit trail has blocks up to number " + newest.number()
                + ", but vault.audit_state, the sums after the newest, is empty: somebody has removed them, or a restore"
                + " was not complete");
    }

    private void tell() {
        List<Element> untold = new ArrayList<>();
        try (AuditContext context = AuditContext.ofVault("beginning of the trail")) {
            templates.forEach(standing -> {
                untold.add(elements.of(standing.row()));
                if (untold.size() == ROWS_IN_AN_ENTRY) {
                    tell(context, untold);
                }
            });
            tell(context, untold);
        }
    }

    private void tell(AuditContext context, List<Element> untold) {
        if (!untold.isEmpty()) {
            Told told = Told.changes(null, Map.of(), List.copyOf(untold), List.of());
            auditEntries.insert(List.of(entries.row(context, told)));
            untold.clear();
        }
    }
}
