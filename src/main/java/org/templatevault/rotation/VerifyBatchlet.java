package org.templatevault.rotation;

import jakarta.batch.api.AbstractBatchlet;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import org.templatevault.audit.AuditContext;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServiceKeys;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.DataKeys;

/**
 * The job's last step: counts by the rows themselves what is left, and moves the service keys where nothing is. A job that
 * completed proves nothing; rows that are left send the rotation round again.
 */
@Named("verifyRotation")
@Dependent
public class VerifyBatchlet extends AbstractBatchlet {
    private static final System.Logger LOG = System.getLogger(VerifyBatchlet.class.getName());

    @Inject
    RotationTask task;

    @Inject
    RotationRuns runs;

    @Inject
    RotationLedger ledger;

    @Inject
    Rotations rotations;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    KeyRings keyRings;

    @Inject
    ServiceKeys serviceKeys;

    @Inject
    DataKeys dataKeys;

    @Inject
    TidyUp tidyUp;

    @Inject
    Transactions transactions;

    @Override
    public String process() {
        return AuditContext.callInVault(RotationRuns.NAME, this::verify);
    }

    private String verify() {
        Rotations.Row row = task.row();
        task.mover(row);
        if (!move(row.id(), EnumSet.allOf(RotationState.class), RotationState.VERIFYING)) {
            return row.state();
        }
        long[] left = transactions.patiently(() -> olderSubjects.count(row.id(), row.toVersion()));
        warnIfCountsDiffer(row.id(), left);
        RotationState next = next(left);
        if (next.isFinal() && !transactions.call(() -> moveServiceKeys(row.id()))) {
            return row.state();
        }
        boolean moved = move(row.id(), Set.of(RotationState.VERIFYING), next);
        if (moved && next.isFinal()) {
            tidyUp.soon();
        }
        LOG.log(System.Logger.Level.INFO, "Rotation {0}: {1}, moved={2}", row.id(), next, moved);
        return next.name();
    }

    private boolean move(UUID rotation, Set<RotationState> from, RotationState to) {
        return transactions.call(() -> ledger.tryMoveAsOwner(rotation, from, to));
    }

    /**
     * In a transaction before the one that ends the rotation: a backup from after that end has them where they are then.
     *
     * @return false if the rotation is not this node's to end any more
     */
    private boolean moveServiceKeys(UUID rotation) {
        if (!runs.keepsLease() || !rotations.hold(rotation, RotationState.VERIFYING.name())) {
            return false;
        }
        KeyRing ring = keyRings.current();
        if (serviceKeys.rewrap(ring) > 0) {
            AuditContext.note("serviceKeys", rotation.toString());
            dataKeys.holdActive(ring.active());
        }
        return true;
    }

    private static RotationState next(long[] left) {
        if (left[0] > 0) {
            return RotationState.REENCRYPTING;
        }
        return left[1] > 0 ? RotationState.DRAINED_WITH_QUARANTINE : RotationState.DRAINED;
    }

    /** Subjects may be erased between the two counts, never added. */
    private void warnIfCountsDiffer(UUID rotation, long[] left) {
        Rotations.Progress progress = rotations.progress(rotation);
        if (progress.remaining() > left[0] || progress.quarantined() > left[1]) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The counted rows ({0} left, {1} in quarantine) are not the folded deltas ({2}, {3})",
                    Long.toString(left[0]),
                    Long.toString(left[1]),
                    Long.toString(progress.remaining()),
                    Long.toString(progress.quarantined()));
        }
    }
}
