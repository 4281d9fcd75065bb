package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;

/** What holds keys or templates in the clear clears them, and tells nothing. */
class SecretHoldersTest {
    @Test
    void aPayloadClearsBothArrays() {
        byte[] template = {1, 2};
        byte[] attributes = {3};
        new Payload(template, attributes).close();
        assertArrayEquals(new byte[2], template);
        assertArrayEquals(new byte[1], attributes);
    }

    @Test
    void aPayloadRefusesLengthsOutOfBounds() {
        assertThrows(IllegalArgumentException.class, () -> new Payload(new byte[0], null));
        assertThrows(IllegalArgumentException.class, () -> new Payload(new byte[Payload.MAX_TEMPLATE_BYTES + 1], null));
        assertThrows(IllegalArgumentException.class, () -> new Payload(new byte[1], new byte[4097]));
    }

    @Test
    void aPackedPayloadClearsItsBytes() {
        PackedPayload packed = TemplateEnvelope.pack(new Payload(new byte[] {1}, null));
        byte[] inner = packed.inner();
        packed.close();
        assertArrayEquals(new byte[512], inner);
        assertThrows(IllegalStateException.class, packed::inner);
    }

    @Test
    void noneTellsItsContent() {
        Payload payload = new Payload(new byte[] {1}, null);
        assertEquals("Payload[redacted]", payload.toString());
        assertEquals("PackedPayload[redacted]", TemplateEnvelope.pack(payload).toString());
        assertEquals("DataKey[redacted]", DataKey.generate().toString());
    }

    @Test
    void aDataKeyIsWrappedAndReadBack() {
        byte[] identity = Golden.keyIdentity().associatedData();
        SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES);
        DataKey key = DataKey.generate();
        byte[] wrapped = WrappedKey.wrap(Suite.AES_256_GCM, kek, key.toSecret(), identity);
        DataKey read = DataKey.ofSecret(WrappedKey.unwrap(Suite.AES_256_GCM, kek, wrapped, DataKey.BYTES, identity));
        assertTrue(key.dek().sameAs(read.dek()));
        assertTrue(key.tagKey().sameAs(read.tagKey()));
    }

    @Test
    void refusesADataKeyMovedToAnyOtherIdentity() {
        SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES);
        byte[] wrapped = WrappedKey.wrap(
                Suite.AES_256_GCM,
                kek,
                DataKey.generate().toSecret(),
                Golden.keyIdentity().associatedData());
        ChangedRecord.oneByOne(Golden.keyIdentity())
                .forEach((change, other) -> assertThrows(
                        AuthenticationFailedException.class,
                        () -> WrappedKey.unwrap(Suite.AES_256_GCM, kek, wrapped, DataKey.BYTES, other.associatedData()),
                        change));
    }

    @Test
    void aNewDekKeepsTheTagKeyOnly() {
        DataKey before = DataKey.generate();
        DataKey after = before.withNewDek();
        assertFalse(before.dek().sameAs(after.dek()));
        assertTrue(before.tagKey().sameAs(after.tagKey()));
        before.close();
        assertEquals(32, after.tagKey().length());
    }

    @Test
    void theDekComesBeforeTheTagKey() {
        DataKey key = DataKey.ofSecret(SecretBytes.takeOver(Golden.counting(64)));
        assertTrue(key.dek().sameAs(Golden.dek()));
        assertFalse(key.tagKey().sameAs(key.dek()));
        assertTrue(key.toSecret().sameAs(SecretBytes.takeOver(Golden.counting(64))));
    }

    @Test
    void aClosedDataKeyIsOfNoUse() {
        DataKey key = DataKey.generate();
        SecretBytes dek = key.dek();
        key.close();
        assertThrows(IllegalStateException.class, dek::length);
        assertThrows(IllegalStateException.class, key::toSecret);
        assertThrows(IllegalStateException.class, key::withNewDek);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 32, 63, 65, 96})
    void refusesADataKeyOfAnotherLength(int length) {
        SecretBytes secret = SecretBytes.random(length);
        assertThrows(IllegalArgumentException.class, () -> DataKey.ofSecret(secret));
    }
}
