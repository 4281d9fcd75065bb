package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.templatevault.testing.Damage;

class AeadTest {
    private static final byte[] PLAINTEXT = "a minutia".getBytes(StandardCharsets.UTF_8);
    private static final byte[] AAD = {1, 2, 3};

    private final SecretBytes key = SecretBytes.random(Suite.KEY_BYTES);

    @ParameterizedTest
    @EnumSource
    void opensWhatItSealed(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        assertEquals(PLAINTEXT.length + Aead.OVERHEAD_BYTES, sealed.length);
        assertArrayEquals(PLAINTEXT, Aead.open(suite, key, sealed, 0, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void opensAnEmptyPlaintextWithoutAssociatedData(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, new byte[0], new byte[0]);
        assertArrayEquals(new byte[0], Aead.open(suite, key, sealed, 0, new byte[0]));
    }

    @ParameterizedTest
    @EnumSource
    void opensBehindAHeader(Suite suite) {
        byte[] header = {9, 8, 7};
        byte[] sealed = Aead.sealAfter(header, suite, key, PLAINTEXT, AAD);
        assertArrayEquals(header, Arrays.copyOf(sealed, header.length));
        assertArrayEquals(PLAINTEXT, Aead.open(suite, key, sealed, header.length, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void tenThousandSealingsHaveDistinctNonces(Suite suite) {
        Set<ByteBuffer> nonces = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
            nonces.add(ByteBuffer.wrap(Arrays.copyOf(sealed, Suite.NONCE_BYTES)));
        }
        assertEquals(10_000, nonces.size());
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnyFlippedBit(Suite suite) {
        Damage.everyBitFlipped(Aead.seal(suite, key, PLAINTEXT, AAD))
                .forEach(damaged -> refuses(suite, key, damaged, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void refusesEveryTruncation(Suite suite) {
        Damage.everyTruncation(Aead.seal(suite, key, PLAINTEXT, AAD))
                .forEach(damaged -> refuses(suite, key, damaged, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void refusesATrailingByte(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        refuses(suite, key, Arrays.copyOf(sealed, sealed.length + 1), AAD);
    }

    @ParameterizedTest
    @EnumSource
    void refusesOtherAssociatedData(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        refuses(suite, key, sealed, new byte[0]);
        refuses(suite, key, sealed, new byte[] {1, 2, 3, 0});
        Damage.everyBitFlipped(AAD).forEach(aad -> refuses(suite, key, sealed, aad));
    }

    @ParameterizedTest
    @EnumSource
    void refusesAKeyThatDiffersInOneBit(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        Damage.everyBitFlipped(key.copy())
                .map(SecretBytes::takeOver)
                .forEach(other -> refuses(suite, other, sealed, AAD));
    }

    @Test
    void refusesTheOtherSuite() {
        refuses(Suite.AES_256_GCM, key, Aead.seal(Suite.CHACHA20_POLY1305, key, PLAINTEXT, AAD), AAD);
        refuses(Suite.CHACHA20_POLY1305, key, Aead.seal(Suite.AES_256_GCM, key, PLAINTEXT, AAD), AAD);
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnOffsetPastTheEnd(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        assertThrows(AuthenticationFailedException.class, () -> Aead.open(suite, key, sealed, sealed.length + 1, AAD));
        assertThrows(AuthenticationFailedException.class, () -> Aead.open(suite, key, sealed, Integer.MAX_VALUE, AAD));
        assertThrows(IllegalArgumentException.class, () -> Aead.open(suite, key, sealed, -1, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void refusesKeysOfAnotherLength(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        for (int length : new int[] {1, 16, 24, 31, 33, 64}) {
            SecretBytes wrong = SecretBytes.random(length);
            assertThrows(IllegalArgumentException.class, () -> Aead.seal(suite, wrong, PLAINTEXT, AAD));
            assertThrows(IllegalArgumentException.class, () -> Aead.open(suite, wrong, sealed, 0, AAD));
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesAClosedKeyRatherThanSealUnderZeros(Suite suite) {
        byte[] sealed = Aead.seal(suite, key, PLAINTEXT, AAD);
        key.close();
        assertThrows(IllegalStateException.class, () -> Aead.seal(suite, key, PLAINTEXT, AAD));
        assertThrows(IllegalStateException.class, () -> Aead.open(suite, key, sealed, 0, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void changesNeitherKeyNorPlaintext(Suite suite) {
        byte[] plaintext = PLAINTEXT.clone();
        byte[] before = key.copy();
        Aead.open(suite, key, Aead.seal(suite, key, plaintext, AAD), 0, AAD);
        assertArrayEquals(PLAINTEXT, plaintext);
        assertArrayEquals(before, key.copy());
    }

    @ParameterizedTest
    @EnumSource
    void manyThreadsSealUnderOneKey(Suite suite) {
        long opened = IntStream.range(0, 2_000)
                .parallel()
                .mapToObj(i -> Aead.seal(suite, key, new byte[] {(byte) i}, AAD))
                .filter(bytes -> Aead.open(suite, key, bytes, 0, AAD).length == 1)
                .count();
        assertEquals(2_000, opened);
    }

    private static void refuses(Suite suite, SecretBytes key, byte[] sealed, byte[] aad) {
        assertThrows(AuthenticationFailedException.class, () -> Aead.open(suite, key, sealed, 0, aad));
    }
}
