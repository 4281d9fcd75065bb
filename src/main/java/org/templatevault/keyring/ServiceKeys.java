package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.KeyVersions.ServiceKeyRow;

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
            byte[] aad = KeyIdentity.service(by.vault, purpose.name(), number, by.version);
            byte[] wrapped = WrappedKey.wrap(by.suite, by.kek, key, aad);
            ServiceKeyRow row = new ServiceKeyRow(purpose.name(), number, by.version, Bytes.of(wrapped));
            if (keyVersions.insertServiceKey(row, now) && purpose == ServicePurpose.SIGNING) {
                keyVersions.insertSigningKey(number, Ed25519.publicKey(key), now);
            }
        }
    }

    /**
     * Makes the next key of each purpose that a compromise renews; part of the transaction that makes their KEK the active
     * one. Who had the keys before could sign in the vault's name.
     *
     * @return what was made, for the trail
     */
    List<String> renew(Wrapping by, Instant now) {
        List<String> made = new ArrayList<>();
        for (ServicePurpose purpose : ServicePurpose.values()) {
            if (purpose.isRenewed()) {
                int number = newest(purpose) + 1;
                insert(by, purpose, number, now);
                made.add(purpose + " " + number);
            }
        }
        budget.count(by.version, made.size());
        return made;
    }

    /** The number of the newest key of a purpose that any node has made; 0 if there is none. */
    int newest(ServicePurpose purpose) {
        return keyVersions.newestServiceKey(purpose.name());
    }

    /**
     * All service keys, unwrapped by these KEKs.
     *
     * @throws UnknownKeyVersionException if one of their KEKs is not there
     */
    List<ServiceKey> read(UUID vault, List<Kek> keks) {
        return keyVersions.serviceKeys().stream()
                .map(row -> open(vault, row, keks))
                .toList();
    }

    private static ServiceKey open(UUID vault, ServiceKeyRow row, List<Kek> keks) {
        Kek kek = keks.stream()
                .filter(candidate -> candidate.version() == row.kekVersion())
                .findFirst()
                .orElseThrow(() -> new UnknownKeyVersionException(row.kekVersion()));
        byte[] aad = KeyIdentity.service(vault, row.purpose(), row.number(), row.kekVersion());
        try {
            SecretBytes key =
                    WrappedKey.unwrap(kek.wrapSuite(), kek.key(), row.wrapped().toArray(), Suite.KEY_BYTES, aad);
            return new ServiceKey(ServicePurpose.valueOf(row.purpose()), row.number(), key);
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
            byte[] aad = KeyIdentity.service(ring.vaultId(), row.purpose(), row.number(), active.version());
            byte[] wrapped = WrappedKey.wrap(active.wrapSuite(), active.key(), secret, aad);
            ServiceKeyRow fresh = new ServiceKeyRow(row.purpose(), row.number(), active.version(), Bytes.of(wrapped));
            return keyVersions.rewrapServiceKey(fresh, row.kekVersion());
        }
    }
}
