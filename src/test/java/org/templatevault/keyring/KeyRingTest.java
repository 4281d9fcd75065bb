package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions.ServiceKeyRow;

class KeyRingTest {
    private static final UUID VAULT = UUID.randomUUID();

    private static KeyRing ring(UUID vault, ServiceKey... serviceKeys) {
        Kek active = new Kek(
                1,
                KeyState.ACTIVE,
                Suite.AES_256_GCM,
                null,
                SecretBytes.random(Suite.KEY_BYTES),
                Bytes.of(new byte[Suite.KEY_BYTES]));
        return new KeyRing(
                vault, List.of(active), List.of(serviceKeys), new KeyRing.Absent(Set.of(9), Set.of(8, 9)), "1ACTIVE");
    }

    private static ServiceKey key(ServicePurpose purpose, int number) {
        ServiceKeyRow row = new ServiceKeyRow(purpose.name(), number, 1, Bytes.of(new byte[1]), false);
        return new ServiceKey(purpose, number, SecretBytes.random(Suite.KEY_BYTES), row);
    }

    private static ServiceKey[] all() {
        return Stream.of(ServicePurpose.values())
                .map(purpose -> key(purpose, 1))
                .toArray(ServiceKey[]::new);
    }

    @Test
    void takesThePlaceOfOneWithTheSameServiceKeysOfOneOfAnotherVaultAndOfNone() {
        assertDoesNotThrow(() -> ring(VAULT, all()).requireServiceKeysOf(ring(VAULT, all())));
        assertDoesNotThrow(() -> ring(VAULT).requireServiceKeysOf(ring(UUID.randomUUID(), all())));
        assertDoesNotThrow(() -> ring(VAULT).requireServiceKeysOf(null));
    }

    @Test
    void doesNotTakeThePlaceOfOneThatKnowsTheErased() {
        KeyRing without = ring(VAULT, key(ServicePurpose.SIGNING, 1), key(ServicePurpose.REFERENCE_INDEX, 1));
        KeyRing earlier = ring(VAULT, key(ServicePurpose.TOMBSTONE, 1));
        String message = assertThrows(KeyStoreUnavailableException.class, () -> without.requireServiceKeysOf(earlier))
                .getMessage();
        assertEquals(
                "The service key TOMBSTONE 1 is gone: its row (vault.service_key) was deleted, and this node goes on with"
                        + " what it has read",
                message);
    }

    /** A standby that is promoted may not have the compromise that made the newest. */
    @Test
    void takesThePlaceOfOneWithNewerKeysThatACompromiseHadMade() {
        KeyRing earlier = ring(VAULT, key(ServicePurpose.SIGNING, 1), key(ServicePurpose.SIGNING, 2));
        assertDoesNotThrow(() -> ring(VAULT, key(ServicePurpose.SIGNING, 1)).requireServiceKeysOf(earlier));
    }

    @Test
    void saysOfAVersionThatItCouldNotReadThatTheKeyStoreIsAway() {
        KeyRing ring = ring(VAULT);
        assertThrows(KeyStoreUnavailableException.class, () -> ring.requireNotAwaited(9));
        assertDoesNotThrow(() -> ring.requireNotAwaited(1));
        assertDoesNotThrow(() -> ring.requireNotAwaited(2));
    }

    @Test
    void tellsAwaitedVersionsFromOthersThatAreAbsent() {
        KeyRing ring = ring(VAULT, all());
        assertDoesNotThrow(() -> ring.requireNotAwaited(8));
        assertThrows(KeyStoreUnavailableException.class, () -> ring.requireNotAwaited(9));
        assertDoesNotThrow(() -> ring.requireNotAbsent(7));
        assertThrows(KeyStoreUnavailableException.class, () -> ring.requireNotAbsent(8));
    }
}
