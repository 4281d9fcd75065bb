package org.templatevault.rotation;

import jakarta.batch.api.chunk.AbstractItemWriter;
import jakarta.batch.runtime.context.StepContext;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Move;
import org.templatevault.persistence.OlderSubjects.Mover;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.Rotations;
import org.templatevault.trail.Trail;
import org.templatevault.vault.DataKeys;
import org.templatevault.vault.SubjectMover;
import org.templatevault.vault.SubjectMover.Prepared;

/**
 * Moves the subjects of a chunk by compare-and-swap. A subject that somebody changed meanwhile is read and prepared
 * again, in the same transaction; the others are not disturbed.
 */
@Named("rotationWriter")
@Dependent
public class SubjectWriter extends AbstractItemWriter {
    private static final int TRIES = 3;

    @Inject
    StepContext step;

    @Inject
    RotationTask task;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    Quarantine quarantine;

    @Inject
    SubjectMover subjectMover;

    @Inject
    DataKeys dataKeys;

    @Inject
    Trail trail;

    private Rotations.@Nullable Row asked;

    @Override
    public void writeItems(List<Object> items) {
        Rotations.Row row = asked();
        Mover mover = task.mover(row);
        if (!olderSubjects.holdRunning(row.id())) {
            step.setTransientUserData(PageEnd.NOT_WRITTEN);
            return;
        }
        List<Prepared> prepared = items.stream().map(Prepared.class::cast).toList();
        int moved = prepared.size();
        for (int attempt = 1; !prepared.isEmpty() && attempt <= TRIES; attempt++) {
            List<UUID> left = write(prepared, mover);
            prepared = left.isEmpty() ? List.of() : prepareAgain(left, row);
        }
        int passed = moved - prepared.size();
        trail.inChunk(RotationRuns.NAME, () -> tell(row, passed));
        dataKeys.holdActive(row.toVersion());
    }

    /** The rotation as it was asked for; its state is looked at under the lock. */
    private Rotations.Row asked() {
        Rotations.Row known = asked;
        if (known == null) {
            known = task.row();
            asked = known;
        }
        return known;
    }

    /** A chunk is one entry; its transaction is the container's. */
    private static int tell(Rotations.Row row, int passed) {
        AuditContext.note("rotation", row.id().toString());
        AuditContext.note("toVersion", Integer.toString(row.toVersion()));
        AuditContext.note("subjects", Integer.toString(passed));
        return passed;
    }

    private List<UUID> write(List<Prepared> prepared, Mover mover) {
        List<Move> moves = new ArrayList<>();
        for (Prepared one : prepared) {
            one.damaged()
                    .forEach(damaged ->
                            quarantine.add(damaged, mover.rotationId(), mover.leaseToken(), RotationLedger.now()));
            if (one.move() != null) {
                moves.add(one.move());
            }
        }
        Set<UUID> moved = new HashSet<>(olderSubjects.move(moves, mover, RotationLedger.now()));
        olderSubjects.mark(withDamage(prepared, moved), RotationLedger.now());
        return moves.stream()
                .map(move -> move.from().subjectId())
                .filter(subject -> !moved.contains(subject))
                .toList();
    }

    private static List<UUID> withDamage(List<Prepared> prepared, Set<UUID> moved) {
        return prepared.stream()
                .filter(one -> one.move() != null && !one.damaged().isEmpty())
                .map(one -> one.damaged().get(0).key().subjectId())
                .filter(moved::contains)
                .toList();
    }

    private List<Prepared> prepareAgain(List<UUID> subjects, Rotations.Row row) {
        return olderSubjects.load(subjects, row.toVersion(), row.mode().equals("reencrypt")).stream()
                .map(subject -> subjectMover.prepare(subject, RotationTask.target(row)))
                .toList();
    }
}
