package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Suite;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.PackedPayload;
import org.templatevault.envelope.SealedReference;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Damaged;
import org.templatevault.persistence.OlderSubjects.Move;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys.Touched;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.vault.Sealing.Place;

/** Moves subjects to the active KEK version, with a new DEK or with the one they have. */
@ApplicationScoped
public class SubjectMover {
    /**
     * Where subjects go.
     *
     * @param version the KEK version, which must be the active one
     * @param reencrypt a new DEK and all templates sealed anew; false for a new wrapping only, except of marked and of leaked
     *     subjects
     * @param suite of the new DEK; unused by a rewrap
     */
    public record Target(int version, boolean reencrypt, Suite suite) {}

    /**
     * What to write for one subject: its move, or the rows that did not open. Both for a marked or leaked subject that a
     * rewrap could not re-encrypt: it moves with its DEK, so that nobody else waits for it, and is marked from then on.
     */
    public record Prepared(@Nullable Move move, List<Damaged> damaged) {}

    @Inject
    KeyRings keyRings;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    Diagnosis diagnosis;

    /** Computes what a subject becomes; touches no row. */
    public Prepared prepare(Subject subject, Target target) {
        KeyRing ring = keyRings.current();
        if (ring.active().version() != target.version()) {
            throw new TryAgainException("This node's key ring is older than the rotation");
        }
        SubjectKeyRow row = subject.key();
        try (DataKey old = dataKeys.open(row.subjectId(), row)) {
            if (target.reencrypt()) {
                return reencrypt(ring, subject, old, target.suite());
            }
            Prepared anew = subject.marked() || subject.leaked()
                    ? reencrypt(ring, subject, old, DataKeys.suite(row.dataSuite()))
                    : new Prepared(null, List.of());
            return anew.move() != null
                    ? anew
                    : new Prepared(new Move(row, rewrapped(ring, row, old), List.of()), anew.damaged());
        } catch (VaultException failure) {
            requireIntegrity(failure);
            return new Prepared(null, List.of(diagnosis.ofKey(row, failure)));
        }
    }

    private static void requireIntegrity(VaultException failure) {
        if (failure.kind() != ErrorKind.INTEGRITY) {
            throw failure;
        }
    }

    /**
     * Gives a subject a new DEK before something is sealed for it, if its own is compromised or may be; part of the caller's
     * transaction, which holds the subject's row and calls {@link DataKeys#holdActive} last where {@link #isMoved}. Of a
     * subject whose DEK only may have leaked, and of whose rows one does not open, it stays, and the subject is marked.
     *
     * @return the subject's row as it is now
     * @throws VaultException if the DEK is compromised and one of the subject's rows does not open: a new DEK would lose it
     */
    SubjectKeyRow fit(Touched touched, Instant now) {
        return touched.compromised() || touched.mayHaveLeaked() ? leave(touched, now) : touched.row();
    }

    /** Whether this row has another DEK than the one that was touched. */
    static boolean isMoved(Touched touched, SubjectKeyRow now) {
        return now.dekNumber() != touched.row().dekNumber();
    }

    private SubjectKeyRow leave(Touched touched, Instant now) {
        SubjectKeyRow row = touched.row();
        KeyRing ring = keyRings.current();
        if (ring.active().version() <= row.kekVersion()) {
            throw keyRings.outdated();
        }
        Subject subject = olderSubjects
                .load(List.of(row.subjectId()), Integer.MAX_VALUE, true)
                .get(0);
        Target target = new Target(ring.active().version(), true, dataKeys.suite(ring.active()));
        Move move = prepare(subject, target).move();
        if (move == null) {
            return keep(touched, now);
        }
        if (!olderSubjects.moveByWriter(move, now)) {
            throw new TryAgainException("The subject changed while its row was held");
        }
        return move.to();
    }

    private SubjectKeyRow keep(Touched damaged, Instant now) {
        if (damaged.compromised()) {
            throw new VaultException(ErrorKind.INTEGRITY, "integrity-failure", "A row of this subject does not open");
        }
        olderSubjects.mark(List.of(damaged.row().subjectId()), now);
        return damaged.row();
    }

    private SubjectKeyRow rewrapped(KeyRing ring, SubjectKeyRow row, DataKey key) {
        return row(ring, row, key, row.dekNumber(), DataKeys.suite(row.dataSuite()), row.reference());
    }

    private Prepared reencrypt(KeyRing ring, Subject subject, DataKey old, Suite suite) {
        SubjectKeyRow row = subject.key();
        int dekNumber = row.dekNumber() + 1;
        List<TemplateRow> sealed = new ArrayList<>();
        List<TemplateRow> refused = new ArrayList<>();
        try (DataKey fresh = old.withNewDek()) {
            for (TemplateRow template : subject.templates()) {
                try {
                    sealed.add(reseal(row, template, old, fresh, dekNumber, suite));
                } catch (VaultException failure) {
                    requireIntegrity(failure);
                    refused.add(template);
                }
            }
            List<Damaged> damaged = new ArrayList<>(diagnosis.ofTemplates(subject, old, refused));
            byte[] reference = null;
            try {
                reference = reference(ring, row, old, fresh, dekNumber, suite);
            } catch (VaultException failure) {
                requireIntegrity(failure);
                damaged.add(diagnosis.ofReference(row));
            }
            return damaged.isEmpty()
                    ? new Prepared(new Move(row, row(ring, row, fresh, dekNumber, suite, reference), sealed), List.of())
                    : new Prepared(null, damaged);
        }
    }

    private TemplateRow reseal(
            SubjectKeyRow row, TemplateRow template, DataKey old, DataKey fresh, int dekNumber, Suite suite) {
        Place place = new Place(row.subjectId(), template.id(), template.version());
        try (PackedPayload packed =
                sealing.openPacked(place, old, row.dekNumber(), DataKeys.suite(row.dataSuite()), template)) {
            return sealing.seal(
                    place,
                    fresh,
                    dekNumber,
                    suite,
                    Sealing.attributes(template),
                    packed,
                    template.createdAt(),
                    template.createdBy());
        }
    }

    private static byte @Nullable [] reference(
            KeyRing ring, SubjectKeyRow row, DataKey old, DataKey fresh, int dekNumber, Suite suite) {
        byte[] sealed = row.reference();
        if (sealed == null) {
            return null;
        }
        UUID vault = ring.vaultId();
        byte[] reference = SealedReference.open(
                old.dek(), vault, row.subjectId(), row.dekNumber(), DataKeys.suite(row.dataSuite()), sealed);
        try {
            return SealedReference.seal(fresh.dek(), vault, row.subjectId(), dekNumber, suite, reference);
        } finally {
            Arrays.fill(reference, (byte) 0);
        }
    }

    private SubjectKeyRow row(
            KeyRing ring, SubjectKeyRow from, DataKey key, int dekNumber, Suite suite, byte @Nullable [] reference) {
        return new SubjectKeyRow(
                from.subjectId(),
                dekNumber,
                from.revision(),
                ring.active().version(),
                from.firstKekVersion(),
                ring.active().wrapSuite().name(),
                suite.name(),
                dataKeys.wrap(ring, from.subjectId(), key, dekNumber, from.firstKekVersion(), suite, from.createdAt()),
                reference,
                from.storedBytes(),
                from.createdAt());
    }
}
