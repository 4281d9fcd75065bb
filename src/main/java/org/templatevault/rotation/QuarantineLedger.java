package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.crypto.Suite;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.Kek;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.DataKeys;
import org.templatevault.vault.SubjectMover;
import org.templatevault.vault.SubjectMover.Prepared;
import org.templatevault.vault.SubjectMover.Target;
import org.templatevault.vault.SubjectVault;

/** What can be done about a row in quarantine: try it again after a repair, or give it up. */
@ApplicationScoped
public class QuarantineLedger {
    /** The kind of approval that giving up a subject needs. */
    public static final String RELEASE = "release-from-quarantine";

    @Inject
    Transactions transactions;

    @Inject
    Quarantine quarantine;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    SubjectMover mover;

    @Inject
    DataKeys dataKeys;

    @Inject
    KeyRings keyRings;

    @Inject
    ApprovalLedger approvals;

    @Inject
    SubjectVault subjects;

    /** The rows after an id. */
    public List<Quarantine.Row> page(UUID afterId, int limit) {
        return transactions.read(() -> quarantine.page(afterId, limit));
    }

    /**
     * Opens the row's subject again; if all of it opens, the subject moves to the active version and leaves quarantine.
     *
     * @throws VaultException {@code still-damaged} if a row of the subject does not open
     */
    public void retry(UUID id) {
        boolean left = transactions.call(() -> {
            Quarantine.Row row = require(id);
            Subject subject = load(row.subjectId());
            Kek active = keyRings.current().active();
            Suite suite = DataKeys.suite(subject.key().dataSuite());
            Prepared prepared = mover.prepare(subject, new Target(active.version(), true, suite));
            if (prepared.move() == null) {
                return false;
            }
            if (!olderSubjects.moveByWriter(prepared.move(), RotationLedger.now())) {
                return false;
            }
            quarantine.countRepaired(row.rotationId(), subject.key().kekVersion());
            dataKeys.holdActive(active.version());
            return true;
        });
        if (!left) {
            throw new VaultException(ErrorKind.CONFLICT, "still-damaged", "A row of this subject still does not open");
        }
    }

    private Subject load(UUID subject) {
        return olderSubjects.load(List.of(subject), Integer.MAX_VALUE, true).stream()
                .findFirst()
                .orElseThrow(QuarantineLedger::absent);
    }

    private Quarantine.Row require(UUID id) {
        return quarantine.find(id).orElseThrow(QuarantineLedger::absent);
    }

    private static VaultException absent() {
        return new VaultException(
                ErrorKind.NOT_FOUND, "quarantine-row-not-found", "There is no such row in quarantine");
    }

    /** Asks to give up the subject of a row: it is erased, since nobody can open it. */
    public Approvals.Row requestRelease(UUID id, String caller) {
        return transactions.call(() -> {
            Quarantine.Row row = require(id);
            String words = "Release subject " + row.subjectId() + " (" + row.damageClass()
                    + ") from quarantine: it is erased with all its templates";
            return approvals.request(RELEASE, row.subjectId().toString(), words, caller);
        });
    }

    /**
     * Carries out the releases that two people have decided and whose time has come. A subject that has left quarantine
     * meanwhile is not erased: its approval ends.
     */
    void carryOutReleases() {
        for (Approvals.Row row : approvals.inEffect(RELEASE)) {
            UUID subject = UUID.fromString(row.subject());
            if (!subjects.release(subject, row.requestedBy(), () -> approvals.carriedOut(row.id()))) {
                approvals.cancel(row.id());
            }
        }
    }
}
