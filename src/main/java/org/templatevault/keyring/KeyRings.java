package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;

/** This node's key ring: reads it from database and key store, anew where it is old, and works with its keys. */
@ApplicationScoped
public class KeyRings {
    private static final System.Logger LOG = System.getLogger(KeyRings.class.getName());
    private static final long OTHERS_READING_MILLIS = 200;
    private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);

    @Inject
    KeyVersions keyVersions;

    @Inject
    Transactions transactions;

    @Inject
    ServiceKeys serviceKeys;

    @Inject
    WrapBudget budget;

    @Inject
    KeyUsage keyUsage;

    @Inject
    SubjectCounts counts;

    @Inject
    VersionKeys versionKeys;

    /** Guarded by {@link #reading}. */
    private final LeftOutVersions leftOut = new LeftOutVersions(System::nanoTime);

    /** How often the ring was begun to be read, and at which of these times it last was; both change under the lock only. */
    private volatile long reads;

    private volatile long lastRead;

    private record Failed(KeyStoreUnavailableException failure, long at) {}

    private volatile @Nullable Failed failed;

    private final ReentrantLock reading = new ReentrantLock();
    private volatile @Nullable KeyRing ring;

    /**
     * Makes new service keys under a version that this transaction activates, for the purposes that a compromise renews.
     *
     * @return what was made, for the trail
     * @throws TryAgainException if the database has another KEK under the number; the ring is read again
     */
    public List<String> renewServiceKeys(int version, Instant now) {
        KeyRing present = current();
        Kek kek = present.require(version);
        boolean same = keyVersions.all().stream()
                .anyMatch(row -> row.version() == version && Objects.equals(kek.fingerprint(), row.fingerprint()));
        if (!same) {
            throw outdated();
        }
        return serviceKeys.renew(present, kek, now);
    }

    /** This node's ring, read anew where another node has made a newer key of this purpose. */
    public KeyRing knowingNewest(ServicePurpose purpose) {
        KeyRing present = current();
        boolean known = present.serviceKey(purpose).number() == serviceKeys.newest(purpose);
        return known ? present : refreshSoon();
    }

    /**
     * Signs with the newest of the vault's own signing keys: the numbers of those that sign never go back.
     *
     * @throws TryAgainException if another node has made a newer one; the ring is read again
     */
    public Signature sign(byte[] message) {
        ServiceKey key = current().serviceKey(ServicePurpose.SIGNING);
        if (key.number() != serviceKeys.newest(ServicePurpose.SIGNING)) {
            throw outdated();
        }
        return new Signature(
                key.number(), Bytes.of(Ed25519.sign(key.key(), message)), Bytes.of(Ed25519.publicKey(key.key())));
    }

    /** The public parts of the vault's signing keys by their numbers, from the keys themselves and no row. */
    public SortedMap<Integer, Bytes> publicKeys() {
        SortedMap<Integer, Bytes> keys = new TreeMap<>();
        current()
                .serviceKeys(ServicePurpose.SIGNING)
                .forEach(key -> keys.put(key.number(), Bytes.of(Ed25519.publicKey(key.key()))));
        return keys;
    }

    /**
     * Makes the version durable in key store and database, in the state PRE_ACTIVE; part of the caller's transaction.
     * Nothing may be wrapped with it before that transaction committed.
     */
    public void stage(int version) {
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            versionKeys.insert(current().vaultId(), version, kek);
        }
    }

    /**
     * Counts a wrap under the active version before it is made.
     *
     * @throws TryAgainException while more are being reserved
     * @throws VaultException {@code wraps-exhausted} when a new version is needed
     */
    public void countWrap(int version) {
        budget.take(version);
    }

    /** Reserves wraps under the version that is about to become active; must be called outside any transaction. */
    void prepareWraps() {
        current().keks().stream()
                .filter(kek -> kek.state() == KeyState.PRE_ACTIVE)
                .forEach(kek -> budget.prepareNow(kek.version()));
    }

    /** This node's ring. */
    public KeyRing current() {
        KeyRing present = ring;
        if (present == null) {
            throw new KeyStoreUnavailableException("The key ring is not read yet", null);
        }
        return present;
    }

    /** Whether the ring is there. */
    public boolean isReady() {
        return ring != null;
    }

    /**
     * Reads states and versions anew; KEKs that this node holds are not unwrapped again. Who waited while somebody else began
     * and ended a reading has its result.
     *
     * @throws KeyStoreUnavailableException if a KEK that is needed cannot be had, or could not within the last second
     */
    public KeyRing refresh() {
        long before = reads;
        reading.lock();
        try {
            KeyRing present = ring;
            return present != null && lastRead > before ? present : read();
        } finally {
            reading.unlock();
        }
    }

    /** Requests for what a key store does not give must not ask it one after the other, with the heartbeat behind them. */
    private KeyRing read() {
        Failed before = failed;
        if (before != null && System.nanoTime() - before.at < AFTER_A_FAILURE.toNanos()) {
            throw before.failure;
        }
        try {
            KeyRing fresh = readNow();
            failed = null;
            return fresh;
        } catch (KeyStoreUnavailableException e) {
            failed = new Failed(e, System.nanoTime());
            throw e;
        }
    }

    private KeyRing readNow() {
        long number = reads + 1;
        reads = number;
        UUID vault = keyVersions.vaultId().orElseThrow();
        KeyRing old = ring;
        List<Kek> keks = new ArrayList<>();
        KeyRing fresh;
        try {
            String versions = unwrapAll(vault, keks, old);
            fresh = new KeyRing(vault, keks, serviceKeys.read(vault, keks, old), leftOut.absent(), versions);
            fresh.requireServiceKeysOf(old);
        } catch (RuntimeException e) {
            keks.stream()
                    .filter(kek -> old == null || !old.holds(kek.key()))
                    .forEach(kek -> kek.key().close());
            throw e;
        }
        ring = fresh;
        lastRead = number;
        if (old != null) {
            old.keks().stream().filter(kek -> !fresh.holds(kek.key())).forEach(this::forget);
        }
        budget.prepare(fresh.active().version());
        return fresh;
    }

    private String unwrapAll(UUID vault, List<Kek> keks, @Nullable KeyRing old) {
        List<String> versions = new ArrayList<>();
        List<KeyVersions.Row> all = keyVersions.all();
        leftOut.retain(all);
        for (KeyVersions.Row row : all) {
            versionKeys.isNamed(row);
            if (row.wrapped() != null && add(keks, vault, row, row.wrapped(), old)) {
                versions.add(row.version() + row.state() + name(row.fingerprint()));
            }
        }
        return String.join(",", versions);
    }

    /** The version is gone, or in a database that was changed for another one its number names another KEK. */
    private void forget(Kek kek) {
        budget.forget(kek.version());
        kek.key().close();
    }

    /** As {@link org.templatevault.persistence.Nodes.Seen#versions} has it. */
    private static String name(@Nullable Bytes fingerprint) {
        return fingerprint == null ? "" : HexFormat.of().formatHex(fingerprint.toArray());
    }

    /**
     * As {@link #refresh}, for whoever has a connection: where somebody else is reading the ring it waits for him only a
     * moment, since he may wait for that very connection, or for a key store.
     *
     * @throws TryAgainException if the other one was still reading
     */
    public KeyRing refreshSoon() {
        boolean mayRead = false;
        try {
            mayRead = reading.tryLock(OTHERS_READING_MILLIS, TimeUnit.MILLISECONDS);
            if (mayRead) {
                return read();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (mayRead) {
                reading.unlock();
            }
        }
        throw new TryAgainException("This node's key ring is being read");
    }

    /** For whoever finds in a transaction that this node's ring is older than the database: reads it anew; to be thrown. */
    public TryAgainException outdated() {
        refreshSoon();
        return new TryAgainException("This node's key ring was old");
    }

    /**
     * A copy of the database from before a destruction still names the version; its root key is gone, and that matters
     * only if a row needs it. So does a row of it that was damaged. A version that is not active yet wraps nothing, whatever
     * became of its root key: it is not activated before every node has it, so it is tried again and again.
     *
     * @return whether this node's ring is as new as the database's row
     */
    private boolean add(List<Kek> keks, UUID vault, KeyVersions.Row row, Bytes wrapped, @Nullable KeyRing old) {
        if (leftOut.isSettled(row)) {
            return true;
        }
        try {
            Kek held = old == null ? null : old.find(row.version()).orElse(null);
            keks.add(versionKeys.open(vault, row, wrapped, held));
            leftOut.remove(row);
            return true;
        } catch (KeyStoreUnavailableException e) {
            boolean known = leftOut.has(row);
            boolean notYetActive = LeftOutVersions.isNotYetActive(row);
            boolean neverActive = row.activatedAt() == null && row.deactivatedAt() != null;
            if (!notYetActive && !neverActive && !(known && isCountedEmpty(row))) {
                requireUnused(row, e);
            }
            if (!known) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "The unused key version {0} is left out: {1}",
                        row.version(),
                        e.getMessage());
            }
            leftOut.add(row, wrapped);
            return !notYetActive;
        }
    }

    /** What came back under it, as by a promotion, is counted; to look at every row each time would take too long. */
    private boolean isCountedEmpty(KeyVersions.Row row) {
        return counts.byVersion().getOrDefault(row.version(), 0L) <= 0;
    }

    private void requireUnused(KeyVersions.Row row, KeyStoreUnavailableException failure) {
        boolean replaced = row.deactivatedAt() != null;
        if (!replaced
                || transactions.patiently(() -> keyUsage.of(row.version())).isUsed()) {
            throw failure;
        }
    }
}
