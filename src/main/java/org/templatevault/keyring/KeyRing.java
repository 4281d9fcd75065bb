package org.templatevault.keyring;

import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.persistence.Bytes;

/**
 * The KEK versions and service keys that this node holds, one KEK active. Immutable: a change gives a new ring, and
 * whoever works with a ring keeps it to the end of his transaction.
 */
public final class KeyRing {
    private final UUID vaultId;
    private final Absent absent;
    private final String versions;
    private final NavigableMap<Integer, Kek> keks = new TreeMap<>();
    private final Map<ServicePurpose, NavigableMap<Integer, ServiceKey>> serviceKeys =
            new EnumMap<>(ServicePurpose.class);
    private final Kek active;

    /**
     * Living versions whose KEKs could not be had.
     *
     * @param awaited those that are not active yet
     * @param all these, and those that no row needed when that was looked at
     */
    record Absent(Set<Integer> awaited, Set<Integer> all) {
        Absent {
            awaited = Set.copyOf(awaited);
            all = Set.copyOf(all);
        }
    }

    /**
     * @param absent the living versions that it is read without
     * @param versions those of the database from which the ring was read, as {@link #versions()} has them
     */
    KeyRing(UUID vaultId, Collection<Kek> keks, Collection<ServiceKey> serviceKeys, Absent absent, String versions) {
        this.vaultId = vaultId;
        this.absent = absent;
        this.versions = versions;
        for (Kek kek : keks) {
            if (this.keks.put(kek.version(), kek) != null) {
                throw new IllegalArgumentException("Two keys for the KEK version " + kek.version());
            }
        }
        serviceKeys.forEach(key -> this.serviceKeys
                .computeIfAbsent(key.purpose(), purpose -> new TreeMap<>())
                .put(key.number(), key));
        this.active = keks.stream()
                .filter(kek -> kek.state() == KeyState.ACTIVE)
                .findFirst()
                .orElseThrow(() -> new KeyStoreUnavailableException("No KEK version is active", null));
    }

    /** The identity of this vault, part of every associated data. */
    public UUID vaultId() {
        return vaultId;
    }

    /** The one version that wraps. */
    public Kek active() {
        return active;
    }

    /**
     * The version that a row names.
     *
     * @throws UnknownKeyVersionException if this ring does not hold it
     */
    public Kek require(int version) {
        Kek kek = keks.get(version);
        if (kek == null) {
            throw new UnknownKeyVersionException(version);
        }
        return kek;
    }

    /** All versions, oldest first. */
    public Collection<Kek> keks() {
        return keks.values();
    }

    /** The fingerprint of each version's KEK. */
    SortedMap<Integer, Bytes> fingerprints() {
        SortedMap<Integer, Bytes> fingerprints = new TreeMap<>();
        keks.values().forEach(kek -> fingerprints.put(kek.version(), kek.fingerprint()));
        return fingerprints;
    }

    /**
     * The versions, states and fingerprints that it was read from, as {@link org.templatevault.persistence.Nodes#seen}
     * answers with.
     */
    public String versions() {
        return versions;
    }

    /** The version, if this ring holds it. */
    public Optional<Kek> find(int version) {
        return Optional.ofNullable(keks.get(version));
    }

    /**
     * Refuses a version that is awaited: what names it is no damage.
     *
     * @throws KeyStoreUnavailableException if it is one of these
     */
    public void requireNotAwaited(int version) {
        requireNotIn(absent.awaited, version);
    }

    /**
     * Refuses a living version whose KEK this node could not have: another node may have it, so nothing is lost that stands
     * under it.
     *
     * @throws KeyStoreUnavailableException if it is one of these
     */
    public void requireNotAbsent(int version) {
        requireNotIn(absent.all, version);
    }

    private static void requireNotIn(Set<Integer> absent, int version) {
        if (absent.contains(version)) {
            throw new KeyStoreUnavailableException(
                    "The KEK of version " + version + " could not be had when the key ring was read", null);
        }
    }

    /** Whether one of its versions has this very key. */
    boolean holds(SecretBytes key) {
        return keks.values().stream().anyMatch(kek -> kek.key() == key);
    }

    /**
     * Refuses a ring without a service key that the one before it had, of a purpose that is never renewed: no key is ever taken
     * away, so its row was deleted. Without it the erased would not be known any more, nor the references of those who are
     * there. Those that are renewed may be gone with a compromise that a failover has lost.
     *
     * @throws KeyStoreUnavailableException naming the first that is missing
     */
    void requireServiceKeysOf(@Nullable KeyRing earlier) {
        if (earlier != null && vaultId.equals(earlier.vaultId)) {
            earlier.serviceKeys.forEach((purpose, keys) -> keys.keySet().stream()
                    .filter(number -> !purpose.isRenewed())
                    .filter(number ->
                            !serviceKeys.getOrDefault(purpose, new TreeMap<>()).containsKey(number))
                    .forEach(number -> {
                        throw new KeyStoreUnavailableException(
                                "The service key " + purpose + " " + number
                                        + " is gone: its row (vault.service_key) was"
                                        + " deleted, and this node goes on with what it has read",
                                null);
                    }));
        }
    }

    /** The newest key for the purpose. */
    public ServiceKey serviceKey(ServicePurpose purpose) {
        NavigableMap<Integer, ServiceKey> keys = serviceKeys.get(purpose);
        if (keys == null) {
            throw new KeyStoreUnavailableException("No service key for " + purpose, null);
        }
        return keys.lastEntry().getValue();
    }

    /** All keys for the purpose, oldest first. */
    public Collection<ServiceKey> serviceKeys(ServicePurpose purpose) {
        return serviceKeys.getOrDefault(purpose, new TreeMap<>()).values();
    }

    /** The versions only. */
    @Override
    public String toString() {
        return "KeyRing[versions=" + keks.keySet() + ", active=" + active.version() + "]";
    }
}
