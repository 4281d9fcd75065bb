package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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
import org.templatevault.persistence.OlderSubjects.Damaged;
import org.templatevault.persistence.OlderSubjects.Move;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.vault.DataKeys;
import org.templatevault.vault.Sealing;
import org.templatevault.vault.Sealing.Place;

/** Computes what a subject becomes under the new version; touches no row. */
@ApplicationScoped
class SubjectMover {
    /** What to write for one subject: its move, or the row that did not open. */
    record Prepared(@Nullable Move move, @Nullable Damaged damaged) {}

    private static final UUID NIL = new UUID(0, 0);

    @Inject
    KeyRings keyRings;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    Prepared prepare(Subject subject, Rotations.Row rotation) {
        KeyRing ring = keyRings.current();
        if (ring.active().version() != rotation.toVersion()) {
            throw new TryAgainException("This node's key ring is older than the rotation");
        }
        SubjectKeyRow row = subject.key();
        try (DataKey old = dataKeys.open(row.subjectId(), row)) {
            return rotation.mode().equals("rewrap")
                    ? new Prepared(new Move(row, rewrapped(ring, row, old), List.of()), null)
                    : reencrypt(ring, subject, old, Suite.valueOf(rotation.dataSuite()));
        } catch (VaultException failure) {
            return damaged(row, NIL, 0, failure);
        }
    }

    private static Prepared damaged(SubjectKeyRow row, UUID template, int version, VaultException failure) {
        if (failure.kind() != ErrorKind.INTEGRITY) {
            throw failure;
        }
        return new Prepared(null, new Damaged(row, template, version, failure.code()));
    }

    private SubjectKeyRow rewrapped(KeyRing ring, SubjectKeyRow row, DataKey key) {
        return row(ring, row, key, row.dekNumber(), DataKeys.suite(row.dataSuite()), row.reference());
    }

    private Prepared reencrypt(KeyRing ring, Subject subject, DataKey old, Suite suite) {
        SubjectKeyRow row = subject.key();
        int dekNumber = row.dekNumber() + 1;
        try (DataKey fresh = old.withNewDek()) {
            List<TemplateRow> sealed = new ArrayList<>();
            for (TemplateRow template : subject.templates()) {
                try {
                    sealed.add(reseal(row, template, old, fresh, dekNumber, suite));
                } catch (VaultException failure) {
                    return damaged(row, template.id(), template.version(), failure);
                }
            }
            byte[] reference = reference(ring, row, old, fresh, dekNumber, suite);
            return new Prepared(new Move(row, row(ring, row, fresh, dekNumber, suite, reference), sealed), null);
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
