package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.Hkdf;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.ServiceKeys.Wrapping;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.DatabaseIdentity;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;

/** Reads this node's key ring from database and key store, and makes the next version. */
@ApplicationScoped
public class KeyRings {
    private static final System.Logger LOG = System.getLogger(KeyRings.class.getName());
    private static final String LEASE = "key-store";
    private static final Duration LEASE_TIME = Duration.ofSeconds(30);
    private static final Duration LEFT_OUT_FOR = Duration.ofMinutes(10);
    private static final long OTHERS_READING_MILLIS = 200;
    private static final byte[] FINGERPRINT = "tv/kek-fingerprint".getBytes(StandardCharsets.US_ASCII);

    @Inject
    Settings settings;

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
    DatabaseIdentity databaseIdentity;

    @Inject
    Leases leases;

    @Inject
    ThisNode node;

    /** Root keys that were begun in the newest key store, and of which it is not known that a version came to need them. */
    private final Queue<String> unused = new ConcurrentLinkedQueue<>();

    /** Versions without which the ring was read, and when that was last tried; guarded by {@link #reading}. */
    private final Map<Integer, LeftOut> leftOut = new HashMap<>();
    /** How often the ring was begun to be read, and at which of these times it last was; both change under the lock only. */
    private volatile long reads;

    private volatile long lastRead;

    /** Whether a row needs a version is a look at every row: what came of it is good for a while. */
    private record LeftOut(Bytes wrapped, long triedAt, boolean notYetActive) {
        boolean isYoung() {
            return !notYetActive && System.nanoTime() - triedAt < LEFT_OUT_FOR.toNanos();
        }
    }

    private final ReentrantLock reading = new ReentrantLock();
    private volatile @Nullable KeyRing ring;
    private volatile @Nullable KeyStores keyStores;

    /**
     * Opens the key stores and reads the ring; a new database gets its vault, its first version and its service keys.
     *
     * @throws KeyStoreUnavailableException naming the setting, if a key store that is needed is absent, does not open, or
     *     lacks the root key of a living version
     */
    public void start() {
        boolean firstStart = keyVersions.vaultId().isEmpty();
        Set<String> needed = keyVersions.all().stream()
                .filter(row -> row.wrapped() != null)
                .map(KeyVersions.Row::keyStore)
                .collect(Collectors.toSet());
        keyStores = KeyStores.open(settings, needed);
        if (firstStart) {
            transactions.run(this::createVault);
        }
        refresh();
        addServiceKeys();
    }

    private void createVault() {
        UUID vault = UUID.randomUUID();
        Instant now = now();
        if (!keyVersions.insertVaultId(vault, now)) {
            return;
        }
        databaseIdentity.record(databaseIdentity.present());
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            insertVersion(vault, 1, kek, now);
            keyVersions.activate(1, null, null, now);
            Wrapping by = new Wrapping(vault, 1, Suite.AES_256_GCM, kek);
            for (ServicePurpose purpose : ServicePurpose.values()) {
                serviceKeys.insert(by, purpose, 1, now);
            }
            budget.count(1, ServicePurpose.values().length);
        }
    }

    /**
     * A vault that an earlier release made lacks the keys of later purposes.
     *
     * @throws KeyStoreUnavailableException if the database has what was made with one: then its row was deleted
     */
    private void addServiceKeys() {
        KeyRing present = current();
        Kek active = present.active();
        boolean complete = true;
        for (ServicePurpose purpose : ServicePurpose.values()) {
            if (present.serviceKeys(purpose).isEmpty()) {
                complete = false;
                if (transactions.read(() -> keyVersions.hasUsed(purpose.name()) && serviceKeys.newest(purpose) == 0)) {
                    throw new KeyStoreUnavailableException(
                            "The service key " + purpose + " is gone: its row (vault.service_key) was deleted, and the"
                                    + " database has what was made with it",
                            null);
                }
                transactions.run(() -> {
                    serviceKeys.insert(Wrapping.by(present, active), purpose, 1, now());
                    budget.count(active.version(), 1);
                });
            }
        }
        KeyRing full = complete ? present : refresh();
        for (ServiceKey key : full.serviceKeys(ServicePurpose.SIGNING)) {
            transactions.run(() -> keyVersions.insertSigningKey(key.number(), Ed25519.publicKey(key.key()), now()));
        }
    }

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

    /** Whether the root key of a version is in its key store now. */
    public boolean hasRootKey(KeyVersions.Row version) {
        return requireKeyStores().of(version.keyStore()).aliases().contains(version.rootKeyAlias());
    }

    /**
     * Removes the root key of a version from its key store, durably; one that is gone already is no error. Part of the
     * caller's transaction.
     */
    public void deleteRootKey(KeyVersions.Row version) {
        writing(() -> requireKeyStores().of(version.keyStore()).delete(version.rootKeyAlias()));
    }

    /**
     * Only the node that holds the lease writes to a key store. The lease's row is locked from here to the end of the
     * transaction, so that the next node begins when this one has committed.
     */
    private void writing(Runnable change) {
        if (leases.hold(LEASE, node.id(), LEASE_TIME).isEmpty()) {
            throw new KeyStoreUnavailableException("Another node holds the lease of the key store", null);
        }
        change.run();
        leases.giveBack(LEASE, node.id());
    }

    /** The root key is durable before the row that needs it can commit; one without a row is left in the key store. */
    private void insertVersion(UUID vault, int version, SecretBytes kek, Instant now) {
        String alias = "root-" + version + "-" + UUID.randomUUID().toString().substring(0, 8);
        String keyStore = requireKeyStores().newest();
        RootKeys rootKeys = requireKeyStores().of(keyStore);
        writing(() -> generate(rootKeys, alias));
        byte[] aad = KeyIdentity.kek(vault, version, Suite.AES_256_GCM);
        byte[] wrapped = rootKeys.wrap(alias, kek, aad);
        keyVersions.insert(
                version, keyStore, alias, Suite.AES_256_GCM.name(), wrapped, fingerprint(vault, version, kek), now);
    }

    /**
     * What was made and no version names is deleted before the next is made: whatever failed after it, the key store must not
     * be filled, try after try.
     */
    private void generate(RootKeys rootKeys, String alias) {
        Set<String> named =
                keyVersions.all().stream().map(KeyVersions.Row::rootKeyAlias).collect(Collectors.toSet());
        for (String left = unused.peek(); left != null; left = unused.peek()) {
            if (!named.contains(left)) {
                rootKeys.delete(left);
            }
            unused.remove(left);
        }
        unused.add(alias);
        rootKeys.generate(alias);
    }

    /**
     * Makes the version durable in key store and database, in the state PRE_ACTIVE; part of the caller's transaction.
     * Nothing may be wrapped with it before that transaction committed.
     */
    public void stage(int version) {
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            insertVersion(current().vaultId(), version, kek, now());
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

    private KeyRing read() {
        long number = reads + 1;
        reads = number;
        UUID vault = keyVersions.vaultId().orElseThrow();
        KeyRing old = ring;
        List<Kek> keks = new ArrayList<>();
        KeyRing fresh;
        try {
            String versions = unwrapAll(vault, keks, old);
            fresh = new KeyRing(vault, keks, serviceKeys.read(vault, keks, old), awaited(), versions);
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
        leftOut.keySet()
                .removeIf(version -> all.stream().noneMatch(row -> row.version() == version && row.wrapped() != null));
        for (KeyVersions.Row row : all) {
            unused.remove(row.rootKeyAlias());
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
        boolean notYetActive = row.state().equals(KeyState.PRE_ACTIVE.name());
        LeftOut before = leftOut.get(row.version());
        boolean known = before != null && before.wrapped.equals(wrapped) && before.notYetActive == notYetActive;
        if (before != null && known && before.isYoung()) {
            return true;
        }
        try {
            keks.add(kek(vault, row, wrapped, old));
            leftOut.remove(row.version());
            return true;
        } catch (KeyStoreUnavailableException e) {
            boolean neverActive = row.activatedAt() == null && row.deactivatedAt() != null;
            boolean wasUnused = known && old != null;
            if (!notYetActive && !neverActive && !wasUnused) {
                requireUnused(row, e);
            }
            if (!known) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "The unused key version {0} is left out: {1}",
                        row.version(),
                        e.getMessage());
            }
            leftOut.put(row.version(), new LeftOut(wrapped, System.nanoTime(), notYetActive));
            return !notYetActive;
        }
    }

    /** Those that may still be had, and that others may wrap with by then. */
    private List<Integer> awaited() {
        return leftOut.entrySet().stream()
                .filter(entry -> entry.getValue().notYetActive)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void requireUnused(KeyVersions.Row row, KeyStoreUnavailableException failure) {
        boolean replaced = row.deactivatedAt() != null;
        if (!replaced
                || transactions.patiently(() -> keyUsage.of(row.version())).isUsed()) {
            throw failure;
        }
    }

    private Kek kek(UUID vault, KeyVersions.Row row, Bytes wrapped, @Nullable KeyRing old) {
        KeyState state = KeyState.valueOf(row.state());
        Suite suite = Suite.valueOf(row.wrapSuite());
        Kek held = old == null ? null : old.find(row.version()).orElse(null);
        Suite dataSuite = row.dataSuite() == null ? null : Suite.valueOf(row.dataSuite());
        if (held != null && held.wrapSuite() == suite && Objects.equals(held.fingerprint(), row.fingerprint())) {
            return new Kek(row.version(), state, suite, dataSuite, held.key(), held.fingerprint());
        }
        byte[] aad = KeyIdentity.kek(vault, row.version(), suite);
        RootKeys rootKeys = requireKeyStores().of(row.keyStore());
        SecretBytes key = unwrap(rootKeys, row, wrapped, aad);
        try {
            return new Kek(row.version(), state, suite, dataSuite, key, knownAnswer(vault, row, key));
        } catch (RuntimeException e) {
            key.close();
            throw e;
        }
    }

    private static SecretBytes unwrap(RootKeys rootKeys, KeyVersions.Row row, Bytes wrapped, byte[] aad) {
        try {
            return rootKeys.unwrap(row.rootKeyAlias(), wrapped.toArray(), aad);
        } catch (AuthenticationFailedException e) {
            throw new KeyStoreUnavailableException(
                    "The wrapped KEK of version " + row.version()
                            + " (vault.key_material) does not open with the root key " + row.rootKeyAlias()
                            + ": one of the two was changed",
                    e);
        }
    }

    /** A node says that it holds a version only after it has computed with its KEK what the maker computed. */
    private Bytes knownAnswer(UUID vault, KeyVersions.Row row, SecretBytes key) {
        byte[] computed = fingerprint(vault, row.version(), key);
        if (row.fingerprint() == null) {
            keyVersions.setFingerprint(row.version(), computed);
        } else if (!MessageDigest.isEqual(computed, row.fingerprint().toArray())) {
            throw new KeyStoreUnavailableException(
                    "The KEK version " + row.version() + " is not the one that was made", null);
        }
        return Bytes.of(computed);
    }

    /** 32 bytes that name the KEK and tell nothing of it (RFC 5869). */
    private static byte[] fingerprint(UUID vault, int version, SecretBytes kek) {
        byte[] label = KeyIdentity.kek(vault, version, Suite.AES_256_GCM);
        try (SecretBytes derived = Hkdf.sha256(kek, FINGERPRINT, label, Suite.KEY_BYTES)) {
            return derived.reveal().clone();
        }
    }

    /** The configured key stores, and which of them could be used when they were last used; asks none of them. */
    public Map<String, Boolean> keyStoresReachable() {
        return requireKeyStores().reachable();
    }

    /** The aliases in the key store of this make; none where it is not configured. */
    Set<String> aliases(String keyStore) {
        return requireKeyStores().aliases(keyStore);
    }

    private KeyStores requireKeyStores() {
        KeyStores present = keyStores;
        if (present == null) {
            throw new KeyStoreUnavailableException("The key store is not open", null);
        }
        return present;
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
