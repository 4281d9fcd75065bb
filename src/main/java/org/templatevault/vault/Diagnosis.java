package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.envelope.DataKey;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.Kek;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Damaged;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.vault.Sealing.Place;

/**
 * Says as well as it can be said why a row does not open, for the auditor and the operator only: a tag that fails does
 * not say why, so other explanations are tried until one opens the row.
 */
@ApplicationScoped
public class Diagnosis {
    /** What is wrong with a row. */
    public enum DamageClass {
        /** It opens under another key than the one that it names. */
        WRONG_KEY,
        /** It opens at another place, or the same bytes stand at another place too. */
        MOVED_ROW,
        /** Nothing that was tried opens it. */
        CORRUPT,
        /** It is from before a re-encryption. */
        STALE,
        /** The version of its key was destroyed. */
        KEY_DESTROYED
    }

    /** The template id of a damage that concerns the subject's key itself. */
    public static final UUID KEY_ITSELF = new UUID(0, 0);

    /** The template id of a damage that concerns the subject's sealed reference: its key opens, and so may its templates. */
    public static final UUID REFERENCE = new UUID(0, 1);

    private static final int EARLIER_DEKS = 5;
    /** How much of one subject's envelopes is tried at other places: all at all would be the square of what is damaged. */
    private static final long TRIED_BYTES = 64L << 20;

    @Inject
    KeyRings keyRings;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    OlderSubjects olderSubjects;

    Damaged ofKey(SubjectKeyRow row, VaultException failure) {
        return new Damaged(row, KEY_ITSELF, 0, failure.code(), keyClass(row).name());
    }

    private DamageClass keyClass(SubjectKeyRow row) {
        if (keyRings.current().find(row.kekVersion()).isEmpty()) {
            return DamageClass.KEY_DESTROYED;
        }
        for (Kek kek : keyRings.current().keks()) {
            if (kek.version() != row.kekVersion() && unwraps(row, kek, row.dekNumber())) {
                return DamageClass.WRONG_KEY;
            }
            if (earlierDeks(row).anyMatch(number -> unwraps(row, kek, number))) {
                return DamageClass.STALE;
            }
        }
        return olderSubjects.isWrappedElsewhere(row) ? DamageClass.MOVED_ROW : DamageClass.CORRUPT;
    }

    private static IntStream earlierDeks(SubjectKeyRow row) {
        return IntStream.rangeClosed(Math.max(1, row.dekNumber() - EARLIER_DEKS), row.dekNumber() - 1);
    }

    private boolean unwraps(SubjectKeyRow row, Kek kek, int dekNumber) {
        SubjectKeyRow other = new SubjectKeyRow(
                row.subjectId(),
                dekNumber,
                row.revision(),
                kek.version(),
                row.firstKekVersion(),
                kek.wrapSuite().name(),
                row.dataSuite(),
                row.wrapped(),
                row.reference(),
                row.storedBytes(),
                row.createdAt());
        try (DataKey key = dataKeys.open(row.subjectId(), other)) {
            return key != null;
        } catch (AuthenticationFailedException stillNot) {
            return false;
        }
    }

    Damaged ofReference(SubjectKeyRow row) {
        return new Damaged(row, REFERENCE, 0, "integrity-failure", DamageClass.CORRUPT.name());
    }

    /** @param refused the rows of the subject that did not open under its key */
    List<Damaged> ofTemplates(Subject subject, DataKey key, List<TemplateRow> refused) {
        boolean all =
                refused.size() > 1 && refused.size() == subject.templates().size();
        AtomicLong left = new AtomicLong(TRIED_BYTES);
        return refused.stream()
                .map(row -> new Damaged(
                        subject.key(),
                        row.id(),
                        row.version(),
                        "integrity-failure",
                        templateClass(subject, key, row, all, left).name()))
                .toList();
    }

    private DamageClass templateClass(Subject subject, DataKey key, TemplateRow row, boolean all, AtomicLong left) {
        if (row.dekNumber() != subject.key().dekNumber()) {
            return DamageClass.STALE;
        }
        if (opensElsewhere(subject, key, row, left) || olderSubjects.isSealedElsewhere(row)) {
            return DamageClass.MOVED_ROW;
        }
        return all ? DamageClass.WRONG_KEY : DamageClass.CORRUPT;
    }

    private boolean opensElsewhere(Subject subject, DataKey key, TemplateRow row, AtomicLong left) {
        return subject.templates().stream()
                .filter(other -> other != row)
                .takeWhile(other -> left.addAndGet(-row.envelope().length) >= 0)
                .anyMatch(other -> opensAs(subject.key(), key, other, row.envelope()));
    }

    private boolean opensAs(SubjectKeyRow subject, DataKey key, TemplateRow place, byte[] envelope) {
        TemplateRow moved = new TemplateRow(
                place.subjectId(),
                place.id(),
                place.version(),
                place.dekNumber(),
                place.modality(),
                place.position(),
                place.format(),
                place.quality(),
                place.extractorName(),
                place.extractorVersion(),
                place.createdAt(),
                place.createdBy(),
                envelope);
        Place at = new Place(place.subjectId(), place.id(), place.version());
        try (var packed =
                sealing.openPacked(at, key, subject.dekNumber(), DataKeys.suite(subject.dataSuite()), moved)) {
            return packed != null;
        } catch (AuthenticationFailedException stillNot) {
            return false;
        }
    }
}
