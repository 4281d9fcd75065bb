package org.templatevault.vault;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Status;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.config.Settings;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Hmac;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.SealedReference;
import org.templatevault.envelope.SubjectKeyIdentity;
import org.templatevault.keyring.Kek;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.KeyStoreUnavailableException;
import org.templatevault.keyring.ServiceKey;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.TryAgainException;

/** Unwraps the DEK of a subject's row, makes new ones, and computes the keyed tags about a subject. */
@ApplicationScoped
public class DataKeys {
    private static final Object WRAPPED = new Object();

    @Resource
    TransactionSynchronizationRegistry transaction;

    @Inject
    Settings settings;

    @Inject
    KeyRings keyRings;

    @Inject
    KeyVersions keyVersions;

    /**
     * The subject's keys; the caller closes them.
     *
     * @throws AuthenticationFailedException if the row is not what was stored for this subject
     */
    public DataKey open(UUID subject, SubjectKeyRow row) {
        Kek kek = kek(row.kekVersion());
        if (!kek.wrapSuite().name().equals(row.wrapSuite()) || !AssociatedData.binds(row.createdAt())) {
            throw new AuthenticationFailedException();
        }
        SubjectKeyIdentity identity = new SubjectKeyIdentity(
                keyRings.current().vaultId(),
                subject,
                row.dekNumber(),
                row.kekVersion(),
                row.firstKekVersion(),
                kek.wrapSuite(),
                suite(row.dataSuite()),
                row.createdAt());
        try (SecretBytes secret = WrappedKey.unwrap(
                kek.wrapSuite(), kek.key(), row.wrapped(), DataKey.BYTES, identity.associatedData())) {
            DataKey key = DataKey.ofSecret(secret);
            AuditContext.know(subject, () -> pseudonym(key, subject));
            return key;
        }
    }

    /**
     * Whether the row's key opens now; false for one whose KEK is gone for everybody.
     *
     * @throws KeyStoreUnavailableException if it is only this node that could not have the KEK
     */
    public boolean opens(SubjectKeyRow row) {
        keyRings.current().requireNotAbsent(row.kekVersion());
        try (DataKey key = open(row.subjectId(), row)) {
            return key != null;
        } catch (AuthenticationFailedException lost) {
            return false;
        }
    }

    /**
     * A version that another node made is unknown here until the ring is read again. One that is unknown then was never
     * in the row, since whatever a living version wraps references it, or this node is without a KEK that no row needed when
     * the ring was read.
     */
    private Kek kek(int version) {
        return keyRings.current()
                .find(version)
                .or(() -> inFreshRing(version))
                .orElseThrow(AuthenticationFailedException::new);
    }

    private Optional<Kek> inFreshRing(int version) {
        KeyRing fresh = freshRing();
        fresh.requireNotAwaited(version);
        return fresh.find(version);
    }

    /** Who is in a transaction has a connection, and comes again; the others wait for whoever is reading the ring. */
    private KeyRing freshRing() {
        boolean inTransaction = transaction.getTransactionStatus() != Status.STATUS_NO_TRANSACTION;
        return inTransaction ? keyRings.refreshSoon() : keyRings.refresh();
    }

    /**
     * The suite that a row names.
     *
     * @throws AuthenticationFailedException if the vault does not allow it
     */
    public static Suite suite(String name) {
        try {
            return Suite.valueOf(name);
        } catch (IllegalArgumentException notAllowed) {
            throw new AuthenticationFailedException();
        }
    }

    /** The suite of DEKs that are made under a version. */
    public Suite suite(Kek active) {
        Suite suite = active.dataSuite();
        return suite == null ? Suite.valueOf(settings.dataSuite()) : suite;
    }

    /**
     * The row of a new subject, with its first DEK under the active KEK.
     *
     * @param oldest the same for all attempts of the transaction
     */
    SubjectKeyRow newRow(
            UUID subject, DataKey key, byte @Nullable [] reference, long storedBytes, OldestWrap oldest, Instant now) {
        AuditContext.knowNew(subject, () -> pseudonym(key, subject));
        KeyRing ring = keyRings.current();
        Kek active = ring.active();
        int first = oldest.with(active.version());
        Suite suite = suite(active);
        byte[] sealed = reference == null
                ? null
                : SealedReference.seal(key.dek(), ring.vaultId(), subject, 1, suite, reference);
        return new SubjectKeyRow(
                subject,
                1,
                1,
                active.version(),
                first,
                active.wrapSuite().name(),
                suite.name(),
                wrap(ring, subject, key, 1, first, suite, now),
                sealed,
                storedBytes,
                now);
    }

    /** The subject's keys under the active KEK of this ring; part of a transaction that calls {@link #holdActive} last. */
    public byte[] wrap(
            KeyRing ring,
            UUID subject,
            DataKey key,
            int dekNumber,
            int firstKekVersion,
            Suite suite,
            Instant createdAt) {
        Kek active = ring.active();
        remember(active);
        keyRings.countWrap(active.version());
        SubjectKeyIdentity identity = new SubjectKeyIdentity(
                ring.vaultId(),
                subject,
                dekNumber,
                active.version(),
                firstKekVersion,
                active.wrapSuite(),
                suite,
                createdAt);
        try (SecretBytes secret = key.toSecret()) {
            return WrappedKey.wrap(active.wrapSuite(), active.key(), secret, identity.associatedData());
        }
    }

    /** The ring may be read anew before the commit, and have another KEK under the number then. */
    private void remember(Kek kek) {
        @SuppressWarnings("unchecked")
        Map<Integer, Bytes> wrapped = (Map<Integer, Bytes>) transaction.getResource(WRAPPED);
        if (wrapped == null) {
            wrapped = new HashMap<>();
            transaction.putResource(WRAPPED, wrapped);
        }
        Bytes before = wrapped.putIfAbsent(kek.version(), kek.fingerprint());
        if (before != null && !before.equals(kek.fingerprint())) {
            throw keyRings.outdated();
        }
    }

    /**
     * Last statement of a transaction that wrapped new DEKs: keeps their KEK active until the commit.
     *
     * @param version the version that wrapped them
     * @throws TryAgainException if the KEK that wrapped them is no longer active; the ring is read again
     */
    public void holdActive(int version) {
        Map<?, ?> wrapped = (Map<?, ?>) transaction.getResource(WRAPPED);
        Object fingerprint = wrapped == null ? null : wrapped.get(version);
        holdActive(version, fingerprint instanceof Bytes some ? some : null);
    }

    /** As {@link #holdActive(int)}, of a transaction that wrapped other keys under this KEK. */
    public void holdActive(Kek kek) {
        holdActive(kek.version(), kek.fingerprint());
    }

    private void holdActive(int version, @Nullable Bytes fingerprint) {
        Bytes own = fingerprint != null
                ? fingerprint
                : keyRings.current().find(version).map(Kek::fingerprint).orElseThrow(keyRings::outdated);
        if (!keyVersions.holdActive(version, own)) {
            throw keyRings.outdated();
        }
    }

    /** The tombstone of a subject under each TOMBSTONE key, newest first. */
    List<byte[]> tombstones(UUID subject) {
        return keyRings.current().serviceKeys(ServicePurpose.TOMBSTONE).stream()
                .sorted((a, b) -> Integer.compare(b.number(), a.number()))
                .map(key -> Hmac.sha256(key.key(), labelled("tv/tombstone", bytes(subject))))
                .toList();
    }

    /** The number of the newest TOMBSTONE key. */
    int tombstoneKeyNumber() {
        return keyRings.current().serviceKey(ServicePurpose.TOMBSTONE).number();
    }

    /** The tag by which a caller's reference is found. */
    byte[] referenceTag(ServiceKey indexKey, byte[] reference) {
        return Hmac.sha256(indexKey.key(), labelled("tv/reference-index", reference));
    }

    /** The subject's name in records that outlive the subject; it cannot be recomputed once the tag key is gone. */
    public static byte[] pseudonym(DataKey key, UUID subject) {
        return Hmac.sha256(key.tagKey(), labelled("tv/pseudonym", bytes(subject)));
    }

    private static byte[] labelled(String label, byte[] value) {
        byte[] name = label.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(name.length + 1 + value.length)
                .put(name)
                .put((byte) 0)
                .put(value)
                .array();
    }

    private static byte[] bytes(UUID id) {
        return ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
    }
}
