package org.templatevault.vault;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.SealedReference;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServiceKey;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Holds;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.References;
import org.templatevault.persistence.Retention;
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
    Policies policies;

    @Inject
    Retention retention;

    @Inject
    Holds holds;

    @Inject
    Quarantine quarantine;

    /**
     * Makes a subject, or finds the one that has this reference.
     *
     * @param reference the caller's own name for the person, 1 to 512 bytes of UTF-8; stored sealed, and as a keyed tag
     * @param policy its retention policy; null for the default, or the one that it has
     */
    public Made create(@Nullable String reference, @Nullable String policy, @Nullable RequestKey key) {
        byte[] bytes = reference == null ? null : referenceBytes(reference);
        UUID subject = UuidCreator.getTimeOrderedEpoch();
        OldestWrap oldest = new OldestWrap();
        return transactions.call(() -> {
            Instant now = TemplateVault.now();
            Optional<UUID> known = bytes == null ? Optional.empty() : findByTag(bytes);
            UUID answer = known.orElse(subject);
            if (key != null && known.isPresent() && !subjectKeys.lock(answer)) {
                throw new TryAgainException("The subject was erased meanwhile; the request's record must not name it");
            }
            AuditContext.about(answer);
            Optional<Idempotency.Row> earlier =
                    replays.claim(key, known.isPresent() ? 200 : 201, answer, null, null, now);
            if (earlier.isPresent()) {
                return replay(earlier.get());
            }
            if (known.isEmpty()) {
                insert(subject, bytes, policy, oldest, now);
            } else if (policy != null) {
                RetentionVault.requireSame(
                        policy,
                        retention.find(known.get()).map(Retention.Row::policy).orElse(null));
            }
            return new Made(answer, known.isEmpty());
        });
    }

    private Made replay(Idempotency.Row earlier) {
        UUID subject = earlier.subjectId();
        if (subject == null || subjectKeys.find(subject).isEmpty()) {
            throw new SubjectErasedException(null);
        }
        AuditContext.about(subject);
        return new Made(subject, earlier.status() == 201);
    }

    private void insert(
            UUID subject, byte @Nullable [] reference, @Nullable String policy, OldestWrap oldest, Instant now) {
        if (policy != null) {
            RetentionVault.requireKnown(policies, policy);
        }
        try (DataKey key = DataKey.generate()) {
            SubjectKeyRow row = dataKeys.newRow(subject, key, reference, 0, oldest, now);
            if (reference != null) {
                ServiceKey indexKey = keyRings.current().serviceKey(ServicePurpose.REFERENCE_INDEX);
                if (!references.claim(dataKeys.referenceTag(indexKey, reference), indexKey.number(), subject)) {
                    throw new TryAgainException("The reference was just taken");
                }
            }
            subjectKeys.insertAll(List.of(row), policy == null ? Map.of() : Map.of(subject, policy));
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
        return release(subject, caller, row -> true, recorded);
    }

    /**
     * As {@link #release}, where nobody has looked at the subject: also false if its key opens now.
     */
    public boolean releaseUnlessItOpens(UUID subject, String caller) {
        return release(subject, caller, row -> !dataKeys.opens(row), () -> {});
    }

    private boolean release(UUID subject, String caller, Predicate<SubjectKeyRow> isLost, Runnable recorded) {
        return transactions.call(() -> {
            Optional<SubjectKeyRow> seen = subjectKeys.find(subject);
            // In this order: what leaves quarantine after this question has another DEK or version than was seen.
            if (seen.isEmpty() || !quarantine.holds(subject) || !isLost.test(seen.get())) {
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

    /**
     * As {@link #erase(UUID, long, String, String)}, part of the caller's transaction, which has touched the subject's row.
     *
     * @throws LegalHoldException if the subject is under a hold; the transaction must not commit then
     */
    public Erasures.Row eraseTouched(SubjectKeyRow touched, String reason, String caller) {
        UUID subject = touched.subjectId();
        SubjectKeyRow row = subjectKeys
                .delete(subject, touched.revision())
                .orElseThrow(() -> new TryAgainException("The subject changed while its row was held"));
        return erase(subject, row, reason, caller, false);
    }

    /**
     * Which of these subjects have a tombstone, each with its erasures. In a database that was not restored there are none.
     */
    public Map<UUID, List<UUID>> erasedAmong(List<UUID> candidates) {
        Map<String, UUID> byTombstone = new HashMap<>();
        List<byte[]> tombstones = new ArrayList<>();
        for (UUID subject : candidates) {
            for (byte[] tombstone : dataKeys.tombstones(subject)) {
                byTombstone.put(HexFormat.of().formatHex(tombstone), subject);
                tombstones.add(tombstone);
            }
        }
        Map<UUID, List<UUID>> erased = new HashMap<>();
        transactions
                .read(() -> erasures.findByTag(tombstones))
                .forEach((tag, records) -> Optional.ofNullable(byTombstone.get(tag))
                        .ifPresent(subject -> erased.merge(
                                subject,
                                records,
                                (one, other) -> Stream.concat(one.stream(), other.stream())
                                        .toList())));
        return erased;
    }

    /** Erases a subject that has a tombstone, under the records that it has; false if it is gone meanwhile. */
    public boolean eraseAgain(UUID subject, List<UUID> records) {
        return transactions.call(() -> {
            Optional<SubjectKeyRow> seen = subjectKeys.find(subject);
            if (seen.isEmpty()) {
                return false;
            }
            SubjectKeyRow row = subjectKeys
                    .delete(subject, seen.get().revision())
                    .orElseThrow(() -> new TryAgainException("The subject changed meanwhile"));
            erasures.insertAgain(records, gone(subject, row, null, "", "", false), subject);
            return true;
        });
    }

    /** Whom a restored database has brought back has a record: the receipt that somebody holds of it stays the one. */
    private Erasures.Row erase(UUID subject, SubjectKeyRow row, String reason, String caller, boolean released) {
        requireNotHeld(subject);
        Erasures.Row erasure = gone(subject, row, pseudonym(subject, row), reason, caller, released);
        List<byte[]> tombstones = dataKeys.tombstones(subject);
        List<UUID> known = erasures.findAll(tombstones);
        if (!known.isEmpty()) {
            return erasures.insertAgain(known, erasure, subject);
        }
        erasures.insert(erasure, tombstones.get(0), dataKeys.tombstoneKeyNumber(), subject);
        return erasure;
    }

    /** Deletes what the subject has beside its key, and says what that was. */
    private Erasures.Row gone(
            UUID subject,
            SubjectKeyRow row,
            @Nullable Bytes pseudonym,
            String reason,
            String caller,
            boolean released) {
        return new Erasures.Row(
                UuidCreator.getTimeOrderedEpoch(),
                pseudonym,
                reason,
                caller,
                TemplateVault.now(),
                row.kekVersion(),
                row.firstKekVersion(),
                Math.max(row.kekVersion(), erasures.newestThatWraps()),
                deleteRows(subject),
                released);
    }

    /**
     * After the subject's row was deleted, by a statement of its own: a hold that was set while the deletion waited for the
     * row is seen, and the transaction rolls back; a later one waits and finds no subject.
     */
    private void requireNotHeld(UUID subject) {
        if (!holds.among(List.of(subject)).isEmpty()) {
            throw LegalHoldException.stops();
        }
    }

    /** All but the key; how many templates' rows there were. */
    private int deleteRows(UUID subject) {
        int deleted = templates.deleteAll(subject).rows();
        references.deleteOf(subject);
        retention.forget(subject);
        idempotency.forgetSubject(subject);
        return deleted;
    }

    /**
     * A key that does not unwrap must not keep anybody from being erased; such an erasure has no pseudonym. Where only this
     * node cannot unwrap it now, the erasure is for later.
     */
    private @Nullable Bytes pseudonym(UUID subject, SubjectKeyRow row) {
        try (DataKey key = dataKeys.open(subject, row)) {
            return Bytes.of(DataKeys.pseudonym(key, subject));
        } catch (AuthenticationFailedException broken) {
            return null;
        }
    }

    private RuntimeException notDeleted(UUID subject, long expected) {
        return subjectKeys
                .find(subject)
                .<RuntimeException>map(row -> new StaleVersionException(expected, row.revision()))
                .orElseGet(() -> absent(subject));
    }

    RuntimeException absent(UUID subject) {
        return erasures.find(dataKeys.tombstones(subject))
                .<RuntimeException>map(SubjectErasedException::new)
                .orElseGet(SubjectNotFoundException::new);
    }

    /** What stays of an erasure. */
    public Erasures.Row erasure(UUID id) {
        return erasures.get(id).orElseThrow(ErasureNotFoundException::new);
    }
}
