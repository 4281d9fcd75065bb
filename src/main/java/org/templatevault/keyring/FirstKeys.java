package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.templatevault.crypto.Ed25519;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.keyring.ServiceKeys.Wrapping;
import org.templatevault.persistence.DatabaseIdentity;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Transactions;

/** Opens key stores and ring at the start of a node, and makes the keys that the database does not have yet. */
@ApplicationScoped
public class FirstKeys {
    @Inject
    KeyVersions keyVersions;

    @Inject
    VersionKeys versionKeys;

    @Inject
    ServiceKeys serviceKeys;

    @Inject
    WrapBudget budget;

    @Inject
    DatabaseIdentity databaseIdentity;

    @Inject
    Transactions transactions;

    @Inject
    KeyRings keyRings;

    /**
     * Opens the key stores and reads the ring; a new database gets its vault, its first version and its service keys.
     *
     * @return the ring of this node
     * @throws KeyStoreUnavailableException naming the setting, if a key store that is needed is absent, does not open, or
     *     lacks the root key of a living version
     */
    public KeyRing openOrMake() {
        boolean firstStart = keyVersions.vaultId().isEmpty();
        versionKeys.openKeyStores();
        if (firstStart) {
            transactions.run(this::createVault);
        }
        addServiceKeys(keyRings.refresh());
        return keyRings.current();
    }

    private void createVault() {
        UUID vault = UUID.randomUUID();
        if (!keyVersions.insertVaultId(vault, now())) {
            return;
        }
        databaseIdentity.record(databaseIdentity.present());
        try (SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES)) {
            versionKeys.insert(vault, 1, kek);
            Instant now = now();
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
    private void addServiceKeys(KeyRing present) {
        boolean complete = true;
        for (ServicePurpose purpose : ServicePurpose.values()) {
            if (present.serviceKeys(purpose).isEmpty()) {
                complete = false;
                addServiceKey(present, purpose);
            }
        }
        KeyRing full = complete ? present : keyRings.refresh();
        for (ServiceKey key : full.serviceKeys(ServicePurpose.SIGNING)) {
            transactions.run(() -> keyVersions.insertSigningKey(key.number(), Ed25519.publicKey(key.key()), now()));
        }
    }

    private void addServiceKey(KeyRing present, ServicePurpose purpose) {
        if (transactions.read(() -> keyVersions.hasUsed(purpose.name()) && serviceKeys.newest(purpose) == 0)) {
            throw new KeyStoreUnavailableException(
                    "The service key " + purpose + " is gone: its row (vault.service_key) was deleted, and the"
                            + " database has what was made with it",
                    null);
        }
        Kek active = present.active();
        transactions.run(() -> {
            serviceKeys.insert(Wrapping.by(present, active), purpose, 1, now());
            budget.count(active.version(), 1);
        });
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
