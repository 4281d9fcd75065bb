package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.crypto.Aead;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.testing.Damage;

class SealedReferenceTest {
    private static final UUID OTHER = new UUID(1, 2);
    private static final Suite SUITE = Suite.CHACHA20_POLY1305;

    private final SecretBytes dek = SecretBytes.random(Suite.KEY_BYTES);

    @ParameterizedTest
    @EnumSource
    void opensEveryLength(Suite suite) {
        for (int length = 1; length <= 512; length++) {
            byte[] reference = Golden.counting(length);
            byte[] sealed = SealedReference.seal(dek, Golden.VAULT, Golden.SUBJECT, 1, suite, reference);
            assertArrayEquals(reference, SealedReference.open(dek, Golden.VAULT, Golden.SUBJECT, 1, suite, sealed));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 94", "62, 94", "63, 158", "126, 158", "127, 222", "510, 542", "511, 606", "512, 606"})
    void storesFewLengths(int length, int stored) {
        assertEquals(stored, seal(new byte[length]).length);
        assertEquals(606, SealedReference.MAX_SEALED_BYTES);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 513, 70_000})
    void refusesToSealOtherLengths(int length) {
        assertThrows(IllegalArgumentException.class, () -> seal(new byte[length]));
    }

    @Test
    void refusesAnyFlippedBitEveryTruncationAndATrailingByte() {
        byte[] sealed = seal(new byte[] {65});
        Damage.everyBitFlipped(sealed).forEach(this::refuses);
        Damage.everyTruncation(sealed).forEach(this::refuses);
        refuses(Arrays.copyOf(sealed, sealed.length + 1));
        refuses(Arrays.copyOf(sealed, 10_000));
    }

    @Test
    void refusesAReferenceMovedToAnotherSubjectVaultOrDek() {
        byte[] sealed = seal(new byte[] {65});
        assertRefused(() -> SealedReference.open(dek, OTHER, Golden.SUBJECT, 1, SUITE, sealed));
        assertRefused(() -> SealedReference.open(dek, Golden.VAULT, OTHER, 1, SUITE, sealed));
        assertRefused(() -> SealedReference.open(dek, Golden.SUBJECT, Golden.VAULT, 1, SUITE, sealed));
        assertRefused(() -> SealedReference.open(dek, Golden.VAULT, Golden.SUBJECT, 2, SUITE, sealed));
        assertRefused(() -> SealedReference.open(dek, Golden.VAULT, Golden.SUBJECT, 1, Suite.AES_256_GCM, sealed));
        assertRefused(() -> SealedReference.open(
                SecretBytes.random(Suite.KEY_BYTES), Golden.VAULT, Golden.SUBJECT, 1, SUITE, sealed));
    }

    @Test
    void refusesATemplateInsteadOfAReference() {
        TemplateIdentity id = Golden.identity(SUITE);
        byte[] envelope = TemplateEnvelope.seal(dek, id, TemplateEnvelope.pack(new Payload(new byte[] {1}, null)));
        refuses(envelope);
    }

    @Test
    void refusesInnerBytesMadeWithMalice() {
        assertArrayEquals(new byte[62], open(crafted(64, 62)));
        refuses(crafted(64, 0));
        refuses(crafted(64, 63));
        refuses(crafted(64, 0xFFFF));
        refuses(crafted(128, 62));
        refuses(crafted(65, 62));
        refuses(crafted(0, 0));
        refuses(crafted(1, 0));
        refuses(crafted(640, 513));
        byte[] dirty = new byte[64];
        dirty[1] = 5;
        dirty[63] = 1;
        refuses(sealed(dirty));
    }

    private byte[] crafted(int innerLength, int claim) {
        byte[] inner = new byte[innerLength];
        if (innerLength >= 2) {
            ByteBuffer.wrap(inner).putShort((short) claim);
        }
        return sealed(inner);
    }

    private byte[] sealed(byte[] inner) {
        byte[] aad = AssociatedData.of("tv/reference", Golden.VAULT)
                .add(Golden.SUBJECT)
                .add(1)
                .add((int) SUITE.code())
                .toBytes();
        return Aead.sealAfter(new byte[] {1, SUITE.code()}, SUITE, dek, inner, aad);
    }

    private byte[] seal(byte[] reference) {
        return SealedReference.seal(dek, Golden.VAULT, Golden.SUBJECT, 1, SUITE, reference);
    }

    private byte[] open(byte[] sealed) {
        return SealedReference.open(dek, Golden.VAULT, Golden.SUBJECT, 1, SUITE, sealed);
    }

    private void refuses(byte[] sealed) {
        assertRefused(() -> open(sealed));
    }

    private static void assertRefused(Executable use) {
        assertThrows(AuthenticationFailedException.class, use);
    }
}
