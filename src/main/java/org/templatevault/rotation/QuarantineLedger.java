package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.Kek;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.Holds;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.vault.DataKeys;
import org.templatevault.vault.LegalHoldException;
import org.templatevault.vault.SubjectMover;
import org.templatevault.vault.SubjectMover.Prepared;
import org.templatevault.vault.SubjectMover.Target;
import org.templatevault.vault.SubjectVault;

/** What can be done about a row in quarantine: try it again after a repair, or give it up. */
@ApplicationScoped
public class QuarantineLedger {
    /** The kind of approval that giving up a subject needs. */
    public static final String RELEASE = "release-from-quarantine";

    private static final System.Logger LOG = System.getLogger(QuarantineLedger.class.getName());

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

    @Inject
    Holds holds;

    /** A release that could not be carried out is tried again after this time: each try opens all that the subject has. */
    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(60);

    /** When each release that waits was last tried. */
    private final Map<UUID, Instant> waiting = new ConcurrentHashMap<>();
    /** What of them the log has named. */
    private final Set<UUID> named = ConcurrentHashMap.newKeySet();

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
            return move(row, load(row.subjectId()).orElseThrow(QuarantineLedger::absent), true);
        });
        if (!left) {
            throw new VaultException(ErrorKind.CONFLICT, "still-damaged", "A row of this subject still does not open");
        }
    }

    private boolean move(Quarantine.Row row, Subject subject, boolean reencrypt) {
        Kek active = keyRings.current().active();
        Prepared prepared = mover.prepare(subject, new Target(active.version(), reencrypt, dataKeys.suite(active)));
        if (prepared.move() == null) {
            return false;
        }
        // Before the move: it is the row as it was read that has the damage.
        prepared.damaged().forEach(damaged -> quarantine.add(damaged, row.rotationId(), null, RotationLedger.now()));
        if (!olderSubjects.moveByWriter(prepared.move(), RotationLedger.now())) {
            throw new TryAgainException("The subject changed meanwhile");
        }
        if (!prepared.damaged().isEmpty()) {
            olderSubjects.mark(List.of(row.subjectId()), RotationLedger.now());
        }
        quarantine.countRepaired(row.rotationId(), subject.key().kekVersion());
        dataKeys.holdActive(active.version());
        return true;
    }

    private Optional<Subject> load(UUID subject) {
        return olderSubjects.load(List.of(subject), Integer.MAX_VALUE, true).stream()
                .findFirst();
    }

    private Quarantine.Row require(UUID id) {
        return quarantine.find(id).orElseThrow(QuarantineLedger::absent);
    }

    private static VaultException absent() {
        return new VaultException(
                ErrorKind.NOT_FOUND, "quarantine-row-not-found", "There is no such row in quarantine");
    }

    /**
     * Asks to give up the subject of a row: it is erased, since nobody can open it.
     *
     * @throws LegalHoldException if the subject is under a hold
     */
    public Approvals.Row requestRelease(UUID id, String caller) {
        return transactions.call(() -> {
            Quarantine.Row row = require(id);
            if (isHeld(row.subjectId())) {
                throw LegalHoldException.stops();
            }
            String words = "Release the subject of row " + row.id() + " (" + row.damageClass()
                    + ") from quarantine: it is erased with all its templates";
            return approvals.request(RELEASE, row.id().toString(), words, caller);
        });
    }

    /**
     * Carries out the releases that two people have decided and whose time has come. A row that has left quarantine
     * meanwhile releases nothing: its approval ends. So does that of a subject which opens again: it moves. One whose
     * subject is under a hold meanwhile waits, at most until its approval expires. The approval names the row and not the
     * subject, whose id must not outlive it.
     */
    void carryOutReleases() {
        for (Approvals.Row approval : approvals.inEffect(RELEASE)) {
            Instant tried = waiting.get(approval.id());
            if (tried != null && tried.plus(BETWEEN_TRIES).isAfter(RotationLedger.now())) {
                continue;
            }
            Optional<Quarantine.Row> row =
                    transactions.read(() -> quarantine.find(UUID.fromString(approval.subject())));
            if (row.isEmpty() || !releasedOrHeld(row.get(), approval)) {
                approvals.cancel(approval.id());
            }
        }
    }

    private boolean releasedOrHeld(Quarantine.Row row, Approvals.Row approval) {
        UUID id = approval.id();
        try {
            boolean released = !movedRepaired(row)
                    && subjects.release(row.subjectId(), approval.requestedBy(), () -> approvals.carriedOut(id));
            waiting.remove(id);
            named.remove(id);
            return released;
        } catch (LegalHoldException held) {
            LOG.log(System.Logger.Level.DEBUG, "The release {0} waits for a legal hold", id);
            waiting.put(id, RotationLedger.now());
            return true;
        } catch (RuntimeException later) {
            waits(id, later);
            return true;
        }
    }

    private boolean isHeld(UUID subject) {
        return !holds.among(List.of(subject)).isEmpty();
    }

    private boolean movedRepaired(Quarantine.Row row) {
        return transactions.call(() -> load(row.subjectId())
                .filter(subject -> move(row, subject, true))
                .isPresent());
    }

    /** One that the database refuses keeps no other from being released; it is named once, and tried again. */
    private void waits(UUID row, RuntimeException failure) {
        waiting.put(row, RotationLedger.now());
        if (named.add(row)) {
            LOG.log(System.Logger.Level.WARNING, "The release " + row + " has to wait", failure);
        }
    }

    /**
     * Releases subjects whose key did not open this long ago and that keep a version from being left, under a standing
     * policy. Each key is tried once more: what stands under one that still does not open is lost already; a subject whose
     * key opens after a repair moves with it.
     */
    public void releaseOverdue(Duration longest, String caller) {
        Instant before = RotationLedger.now().minus(longest);
        transactions.read(() -> quarantine.keysThatHoldAVersion(before)).forEach(row -> releaseOrMove(row, caller));
    }

    /** One row that can be neither given up nor moved now does not stop the clock for the others. */
    private void releaseOrMove(Quarantine.Row row, String caller) {
        try {
            keyRings.refresh(); // a key must not be taken for lost because this node's ring is old
            if (!subjects.releaseUnlessItOpens(row.subjectId(), caller)) {
                moveRepaired(row);
            }
        } catch (LegalHoldException held) {
            LOG.log(System.Logger.Level.DEBUG, "The release of row {0} waits for a legal hold", row.id());
        } catch (RuntimeException later) {
            waits(row.id(), later);
        }
    }

    private void moveRepaired(Quarantine.Row row) {
        transactions.run(() -> load(row.subjectId())
                .filter(subject -> dataKeys.opens(subject.key()))
                .ifPresent(subject -> move(row, subject, false)));
    }
}
