package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.KeyVersions.ServiceKeyRow;
import org.templatevault.persistence.TryAgainException;

/** The rows of the service keys: makes, reads and moves them, each in the caller's transaction. */
@ApplicationScoped
public class ServiceKeys {
    @Inject
    KeyVersions keyVersions;

    @Inject
    WrapBudget budget;

    /** A KEK that wraps service keys: it may not be in the ring yet. */
    record Wrapping(UUID vault, int version, Suite suite, SecretBytes kek) {
        static Wrapping by(KeyRing ring, Kek kek) {
            return new Wrapping(ring.vaultId(), kek.version(), kek.wrapSuite(), kek.key());
        }
    }

    /** Makes a key of a purpose, unless another node has. The caller counts the wrap. */
    void insert(Wrapping by, ServicePurpose purpose, int number, Instant now) {
        try (SecretBytes key = SecretBytes.random(Suite.KEY_BYTES)) {
            ServiceKeyRow row = wrap(by, key, purpose.name(), number, false);
            if (keyVersions.insertServiceKey(row, now) && purpose == ServicePurpose.SIGNING) {
                keyVersions.insertSigningKey(number, Ed25519.publicKey(key), now);
            }
        }
    }

    private static ServiceKeyRow wrap(Wrapping by, SecretBytes key, String purpose, int number, boolean retired) {
        byte[] aad = identity(by.vault, purpose, number, by.version, retired);
        byte[] wrapped = WrappedKey.wrap(by.suite, by.kek, key, aad);
        return new ServiceKeyRow(purpose, number, by.version, Bytes.of(wrapped), retired);
    }

    private static byte[] identity(UUID vault, String purpose, int number, int version, boolean retired) {
        return retired
                ? KeyIdentity.retiredService(vault, purpose, number, version)
                : KeyIdentity.service(vault, purpose, number, version);
    }

    /**
     * Makes the next key of each purpose that a compromise renews; part of the transaction that makes their KEK the active
     * one. Who had the keys before could sign in the vault's name. They are wrapped as retired ones with it, so that none
     * of them is taken for the newest where the row of that is gone.
     *
     * @return what was made, for the trail
     */
    List<String> renew(KeyRing ring, Kek kek, Instant now) {
        Wrapping by = Wrapping.by(ring, kek);
        List<String> made = new ArrayList<>();
        int wraps = 0;
        for (ServiceKeyRow row : keyVersions.serviceKeys()) {
            if (ServicePurpose.valueOf(row.purpose()).isRenewed()) {
                retire(ring, by, row);
                wraps++;
            }
        }
        for (ServicePurpose purpose : ServicePurpose.values()) {
            if (purpose.isRenewed()) {
                int number = next(purpose);
                insert(by, purpose, number, now);
                made.add(purpose + " " + number);
            }
        }
        budget.count(by.version, wraps + made.size());
        return made;
    }

    private void retire(KeyRing ring, Wrapping by, ServiceKeyRow row) {
        ServiceKey key = open(by.vault, row, List.of(ring.require(row.kekVersion())));
        try (SecretBytes secret = key.key()) {
            ServiceKeyRow retired = wrap(by, secret, row.purpose(), row.number(), true);
            if (!keyVersions.rewrapServiceKey(retired, row.kekVersion())) {
                throw new TryAgainException("A service key was moved meanwhile");
            }
        }
    }

    /** Above every number for which somebody may have published a public key. */
    private int next(ServicePurpose purpose) {
        int published = purpose == ServicePurpose.SIGNING ? keyVersions.newestSigningKey() : 0;
        return Math.addExact(Math.max(newest(purpose), published), 1);
    }

    /** The number of the newest key of a purpose that any node has made; 0 if there is none. */
    int newest(ServicePurpose purpose) {
        return keyVersions.newestServiceKey(purpose.name());
    }

    /**
     * All service keys, unwrapped by these KEKs; those that an earlier ring has from the same rows are its own, so that there
     * is one copy of each.
     *
     * @throws UnknownKeyVersionException if one of their KEKs is not there
     */
    List<ServiceKey> read(UUID vault, List<Kek> keks, @Nullable KeyRing earlier) {
        List<ServiceKey> keys = new ArrayList<>();
        for (ServiceKeyRow row : keyVersions.serviceKeys()) {
            keys.add(held(row, earlier).orElseGet(() -> open(vault, row, keks)));
        }
        return keys;
    }

    private static Optional<ServiceKey> held(ServiceKeyRow row, @Nullable KeyRing earlier) {
        return earlier == null
                ? Optional.empty()
                : earlier.serviceKeys(ServicePurpose.valueOf(row.purpose())).stream()
                        .filter(key -> key.from().equals(row))
                        .findFirst();
    }

    private static ServiceKey open(UUID vault, ServiceKeyRow row, List<Kek> keks) {
        Kek kek = keks.stream()
                .filter(candidate -> candidate.version() == row.kekVersion())
                .findFirst()
                .orElseThrow(() -> new UnknownKeyVersionException(row.kekVersion()));
        byte[] aad = identity(vault, row.purpose(), row.number(), row.kekVersion(), row.retired());
        try {
            SecretBytes key =
                    WrappedKey.unwrap(kek.wrapSuite(), kek.key(), row.wrapped().toArray(), Suite.KEY_BYTES, aad);
            return new ServiceKey(ServicePurpose.valueOf(row.purpose()), row.number(), key, row);
        } catch (AuthenticationFailedException e) {
            throw new KeyStoreUnavailableException(
                    "The service key " + row.purpose() + " " + row.number() + " (vault.service_key) does not open with"
                            + " key version " + row.kekVersion() + ": its row was changed",
                    e);
        }
    }

    /**
     * Moves the service keys that an older version wraps to the active one of this ring; part of a transaction that holds
     * that one before it commits.
     *
     * @return how many were moved
     */
    public int rewrap(KeyRing ring) {
        Kek active = ring.active();
        int moved = 0;
        for (ServiceKeyRow row : keyVersions.serviceKeys()) {
            if (row.kekVersion() != active.version()) {
                budget.take(active.version());
                moved += rewrap(ring, row, active) ? 1 : 0;
            }
        }
        return moved;
    }

    private boolean rewrap(KeyRing ring, ServiceKeyRow row, Kek active) {
        ServiceKey key = open(ring.vaultId(), row, List.of(ring.require(row.kekVersion())));
        try (SecretBytes secret = key.key()) {
            Wrapping by = Wrapping.by(ring, active);
            ServiceKeyRow fresh = wrap(by, secret, row.purpose(), row.number(), row.retired());
            return keyVersions.rewrapServiceKey(fresh, row.kekVersion());
        }
    }
}
