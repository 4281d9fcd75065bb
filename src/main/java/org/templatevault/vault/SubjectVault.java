package org.templatevault.vault;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.SealedReference;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServiceKey;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.References;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;

/** Subjects: make, find by the caller's own reference, describe, erase. */
@ApplicationScoped
public class SubjectVault {
    /** A subject's id, and whether this request made it. */
    public record Made(UUID subject, boolean created) {}

    @Inject
    Transactions transactions;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    Templates templates;

    @Inject
    References references;

    @Inject
    Erasures erasures;

    @Inject
    Idempotency idempotency;

    @Inject
    DataKeys dataKeys;

    @Inject
    KeyRings keyRings;

    @Inject
    Replays replays;

    @Inject
    Quarantine quarantine;

    /**
     * Makes a subject, or finds the one that has this reference.
     *
     * @param reference the caller's own name for the person, 1 to 512 bytes of UTF-8; stored sealed, and as a keyed tag
     */
    public Made create(@Nullable String reference, @Nullable RequestKey key) {
        byte[] bytes = reference == null ? null : referenceBytes(reference);
        UUID subject = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            Instant now = TemplateVault.now();
            Optional<UUID> known = bytes == null ? Optional.empty() : findByTag(bytes);
            UUID answer = known.orElse(subject);
            AuditContext.about(answer);
            Optional<Idempotency.Row> earlier =
                    replays.claim(key, known.isPresent() ? 200 : 201, answer, null, null, now);
            if (earlier.isPresent()) {
                return replay(earlier.get());
            }
            if (known.isEmpty()) {
                insert(subject, bytes, now);
            }
            return new Made(answer, known.isEmpty());
        });
    }

    private Made replay(Idempotency.Row earlier) {
        UUID subject = earlier.subjectId();
        if (subject == null || subjectKeys.find(subject).isEmpty()) {
            throw new SubjectErasedException(null);
        }
        return new Made(subject, earlier.status() == 201);
    }

    private void insert(UUID subject, byte @Nullable [] reference, Instant now) {
        try (DataKey key = DataKey.generate()) {
            SubjectKeyRow row = dataKeys.newRow(subject, key, reference, 0, now);
            if (reference != null) {
                ServiceKey indexKey = keyRings.current().serviceKey(ServicePurpose.REFERENCE_INDEX);
                if (!references.claim(dataKeys.referenceTag(indexKey, reference), indexKey.number(), subject)) {
                    throw new TryAgainException("The reference was just taken");
                }
            }
            subjectKeys.insertAll(List.of(row));
            dataKeys.holdActive(row.kekVersion());
        }
    }

    /** The subject that has this reference. */
    public UUID search(String reference) {
        byte[] bytes = referenceBytes(reference);
        UUID found = transactions.read(() -> findByTag(bytes)).orElseThrow(SubjectNotFoundException::new);
        AuditContext.about(found);
        return found;
    }

    private Optional<UUID> findByTag(byte[] reference) {
        return keyRings.current().serviceKeys(ServicePurpose.REFERENCE_INDEX).stream()
                .flatMap(key -> references.find(dataKeys.referenceTag(key, reference), key.number()).stream())
                .findFirst();
    }

    private static byte[] referenceBytes(String reference) {
        byte[] bytes = reference.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > SealedReference.MAX_REFERENCE_BYTES) {
            throw InvalidTemplateException.field(
                    "reference", "1 to " + SealedReference.MAX_REFERENCE_BYTES + " bytes of UTF-8");
        }
        return bytes;
    }

    /**
     * The subject's row.
     *
     * @throws SubjectErasedException if the subject was erased
     */
    public SubjectKeyRow describe(UUID subject) {
        return transactions.read(() -> subjectKeys.find(subject)).orElseThrow(() -> absent(subject));
    }

    /**
     * Destroys the subject's keys and all its rows, and leaves the tombstone: one transaction.
     *
     * @param expected the subject's revision that the caller saw
     * @return what stays of it
     */
    public Erasures.Row erase(UUID subject, long expected, String reason, String caller) {
        return transactions.call(() -> {
            SubjectKeyRow row = subjectKeys.delete(subject, expected).orElseThrow(() -> notDeleted(subject, expected));
            return erase(subject, row, reason, caller, false);
        });
    }

    /**
     * Erases a subject of which something does not open, as two people have decided, and says so in its record.
     *
     * @param recorded runs in the same transaction
     * @return false, and nothing is done, if no row of the subject is in quarantine any more
     */
    public boolean release(UUID subject, String caller, Runnable recorded) {
        return transactions.call(() -> {
            Optional<SubjectKeyRow> seen = subjectKeys.find(subject);
            // In this order: what leaves quarantine after this question has another DEK or version than was seen.
            if (seen.isEmpty() || !quarantine.holds(subject)) {
                return false;
            }
            SubjectKeyRow row = subjectKeys
                    .delete(seen.get())
                    .orElseThrow(() -> new TryAgainException("The subject changed meanwhile"));
            erase(subject, row, "released", caller, true);
            recorded.run();
            return true;
        });
    }

    private Erasures.Row erase(UUID subject, SubjectKeyRow row, String reason, String caller, boolean released) {
        Erasures.Row erasure = new Erasures.Row(
                UuidCreator.getTimeOrderedEpoch(),
                pseudonym(subject, row),
                reason,
                caller,
                TemplateVault.now(),
                row.firstKekVersion(),
                row.kekVersion(),
                templates.deleteAll(subject).rows(),
                released);
        references.deleteOf(subject);
        idempotency.forgetSubject(subject);
        erasures.insert(erasure, dataKeys.tombstones(subject).get(0), dataKeys.tombstoneKeyNumber(), subject);
        return erasure;
    }

    /** A key that does not unwrap must not keep anybody from being erased; such an erasure has no pseudonym. */
    private @Nullable Bytes pseudonym(UUID subject, SubjectKeyRow row) {
        try (DataKey key = dataKeys.open(subject, row)) {
            return Bytes.of(DataKeys.pseudonym(key, subject));
        } catch (VaultException broken) {
            return null;
        }
    }

    private RuntimeException notDeleted(UUID subject, long expected) {
        return subjectKeys
                .find(subject)
                .<RuntimeException>map(row -> new StaleVersionException(expected, row.revision()))
                .orElseGet(() -> absent(subject));
    }

    private RuntimeException absent(UUID subject) {
        return erasures.find(dataKeys.tombstones(subject))
                .<RuntimeException>map(SubjectErasedException::new)
                .orElseGet(SubjectNotFoundException::new);
    }

    /** What stays of an erasure. */
    public Erasures.Row erasure(UUID id) {
        return erasures.get(id).orElseThrow(ErasureNotFoundException::new);
    }
}
