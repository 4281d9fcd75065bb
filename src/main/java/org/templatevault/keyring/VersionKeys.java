package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Hkdf;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Leases;

/** The keys of the versions: root keys in the key stores that are configured, and the KEKs that they wrap in the database. */
@ApplicationScoped
public class VersionKeys {
    private static final String LEASE = "key-store";
    private static final Duration LEASE_TIME = Duration.ofSeconds(30);
    private static final byte[] FINGERPRINT = "tv/kek-fingerprint".getBytes(StandardCharsets.US_ASCII);

    @Inject
    Settings settings;

    @Inject
    KeyVersions keyVersions;

    @Inject
    Leases leases;

    @Inject
    ThisNode node;

    /** Root keys that were begun in the newest key store, and of which it is not known that a version came to need them. */
    private final Queue<String> unused = new ConcurrentLinkedQueue<>();

    /** A key store whose root keys are of no use answers, and would be asked for one more each second. */
    private final BackOff making = new BackOff(System::nanoTime);

    private volatile @Nullable KeyStores keyStores;

    /**
     * Opens the key stores.
     *
     * @throws KeyStoreUnavailableException naming the setting, if one that is needed is absent or does not open
     */
    void openKeyStores() {
        Set<String> needed = keyVersions.all().stream()
                .filter(row -> row.wrapped() != null)
                .map(KeyVersions.Row::keyStore)
                .collect(Collectors.toSet());
        keyStores = KeyStores.open(settings, needed);
    }

    /**
     * Makes a version of this KEK, in the state PRE_ACTIVE; part of the caller's transaction. The root key is durable
     * before the row that needs it can commit.
     */
    void insert(UUID vault, int version, SecretBytes kek) {
        String alias = "root-" + version + "-" + UUID.randomUUID().toString().substring(0, 8);
        String keyStore = requireKeyStores().newest();
        RootKeys rootKeys = requireKeyStores().of(keyStore);
        making.requireTurn();
        writing(() -> generate(rootKeys, alias));
        byte[] wrapped = wrap(rootKeys, alias, kek, KeyIdentity.kek(vault, version, Suite.AES_256_GCM));
        keyVersions.insert(
                version, keyStore, alias, Suite.AES_256_GCM.name(), wrapped, fingerprint(vault, version, kek));
    }

    /**
     * What was made and no version names is deleted before the next is made: whatever failed after it, the key store must not
     * be filled, try after try.
     */
    private void generate(RootKeys rootKeys, String alias) {
        deleteUnused(rootKeys);
        unused.add(alias);
        try {
            rootKeys.generate(alias);
        } catch (KeyStoreUnavailableException e) {
            if (!e.isForNow()) {
                making.failed(String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }

    private byte[] wrap(RootKeys rootKeys, String alias, SecretBytes kek, byte[] aad) {
        try {
            byte[] wrapped = rootKeys.wrap(alias, kek, aad);
            making.succeeded();
            return wrapped;
        } catch (KeyStoreUnavailableException e) {
            making.failed(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private void deleteUnused(RootKeys rootKeys) {
        Set<String> named =
                keyVersions.all().stream().map(KeyVersions.Row::rootKeyAlias).collect(Collectors.toSet());
        for (String left = unused.peek(); left != null; left = unused.peek()) {
            if (!named.contains(left)) {
                rootKeys.delete(left);
            }
            unused.remove(left);
        }
    }

    /** The row of a version was read: its root key is needed, and stays. */
    void isNamed(KeyVersions.Row version) {
        unused.remove(version.rootKeyAlias());
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

    /**
     * The KEK of a version. A node says that it holds it only after it has computed with it what the maker computed.
     *
     * @param held the key of this number that the node has already, which is not unwrapped again if it is the same
     * @throws KeyStoreUnavailableException if its root key cannot be had, or the KEK does not open or is another one
     */
    Kek open(UUID vault, KeyVersions.Row row, Bytes wrapped, @Nullable Kek held) {
        KeyState state = KeyState.valueOf(row.state());
        Suite suite = Suite.valueOf(row.wrapSuite());
        Suite dataSuite = row.dataSuite() == null ? null : Suite.valueOf(row.dataSuite());
        if (held != null && held.wrapSuite() == suite && Objects.equals(held.fingerprint(), row.fingerprint())) {
            return new Kek(row.version(), state, suite, dataSuite, held.key(), held.fingerprint());
        }
        byte[] aad = KeyIdentity.kek(vault, row.version(), suite);
        SecretBytes key = unwrap(requireKeyStores().of(row.keyStore()), row, wrapped, aad);
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

    /** Whether the root key of a version is in its key store now. */
    public boolean hasRootKey(KeyVersions.Row version) {
        return requireKeyStores().of(version.keyStore()).aliases().contains(version.rootKeyAlias());
    }

    /**
     * Looks whether the key store of a version can be used now.
     *
     * @throws KeyStoreUnavailableException if it cannot
     */
    public void requireKeyStore(KeyVersions.Row version) {
        requireKeyStores().of(version.keyStore()).aliases();
    }

    /**
     * Removes the root key of a version from its key store, durably; one that is gone already is no error. Part of the
     * caller's transaction.
     */
    public void deleteRootKey(KeyVersions.Row version) {
        writing(() -> requireKeyStores().of(version.keyStore()).delete(version.rootKeyAlias()));
    }

    /** The aliases in the key store of this make; none where it is not configured. */
    Set<String> aliases(String keyStore) {
        return requireKeyStores().aliases(keyStore);
    }

    /** The configured key stores, and which of them could be used when they were last used; asks none of them. */
    public Map<String, Boolean> keyStoresReachable() {
        return requireKeyStores().reachable();
    }

    private KeyStores requireKeyStores() {
        KeyStores present = keyStores;
        if (present == null) {
            throw new KeyStoreUnavailableException("The key store is not open", null);
        }
        return present;
    }
}
