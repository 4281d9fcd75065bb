package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Damage;

class WrappedKeyTest {
    private static final UUID VAULT = UUID.fromString("00112233-4455-4677-8899-aabbccddeeff");
    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] AAD = KeyIdentity.service(VAULT, "SIGNING", 1, 7);

    private final SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES);
    private final SecretBytes key = SecretBytes.random(64);

    @ParameterizedTest
    @EnumSource
    void unwrapsWhatItWrapped(Suite suite) {
        byte[] wrapped = WrappedKey.wrap(suite, kek, key, AAD);
        assertEquals(64 + WrappedKey.OVERHEAD_BYTES, wrapped.length);
        assertTrue(key.sameAs(WrappedKey.unwrap(suite, kek, wrapped, 64, AAD)));
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnyFlippedBit(Suite suite) {
        Damage.everyBitFlipped(WrappedKey.wrap(suite, kek, key, AAD))
                .forEach(damaged -> refuses(suite, kek, damaged, 64, AAD));
    }

    @ParameterizedTest
    @EnumSource
    void refusesEveryTruncationAndATrailingByte(Suite suite) {
        byte[] wrapped = WrappedKey.wrap(suite, kek, key, AAD);
        Damage.everyTruncation(wrapped).forEach(damaged -> refuses(suite, kek, damaged, 64, AAD));
        refuses(suite, kek, Arrays.copyOf(wrapped, wrapped.length + 1), 64, AAD);
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnotherLengthThanTheKeyMustHave(Suite suite) {
        byte[] wrapped = WrappedKey.wrap(suite, kek, key, AAD);
        refuses(suite, kek, wrapped, 32, AAD);
        refuses(suite, kek, wrapped, 63, AAD);
        refuses(suite, kek, wrapped, 65, AAD);
    }

    @ParameterizedTest
    @EnumSource
    void refusesAnotherKek(Suite suite) {
        byte[] wrapped = WrappedKey.wrap(suite, kek, key, AAD);
        refuses(suite, SecretBytes.random(Suite.KEY_BYTES), wrapped, 64, AAD);
    }

    @Test
    void refusesASuiteThatTheRowNamesButTheKeyVersionDoesNot() {
        byte[] wrapped = WrappedKey.wrap(Suite.AES_256_GCM, kek, key, AAD);
        refuses(Suite.CHACHA20_POLY1305, kek, wrapped, 64, AAD);
        refuses(Suite.CHACHA20_POLY1305, kek, Damage.withByte(wrapped, 1, 1), 64, AAD);
    }

    @Test
    void refusesAnotherServiceKeysBytes() {
        byte[] wrapped = WrappedKey.wrap(Suite.AES_256_GCM, kek, key, AAD);
        Stream.of(
                        KeyIdentity.service(new UUID(1, 2), "SIGNING", 1, 7),
                        KeyIdentity.service(VAULT, "TOMBSTONE", 1, 7),
                        KeyIdentity.service(VAULT, "SIGNING", 2, 7),
                        KeyIdentity.service(VAULT, "SIGNING", 1, 8),
                        KeyIdentity.service(VAULT, "SIGNING", 7, 1),
                        KeyIdentity.kek(VAULT, 7, Suite.AES_256_GCM),
                        new byte[0])
                .forEach(other -> refuses(Suite.AES_256_GCM, kek, wrapped, 64, other));
    }

    @Test
    void refusesAnotherVersionsKek() {
        byte[] identity = KeyIdentity.kek(VAULT, 7, Suite.CHACHA20_POLY1305);
        byte[] wrapped = WrappedKey.wrap(Suite.AES_256_GCM, kek, key, identity);
        Stream.of(
                        KeyIdentity.kek(VAULT, 8, Suite.CHACHA20_POLY1305),
                        KeyIdentity.kek(VAULT, 7, Suite.AES_256_GCM),
                        KeyIdentity.kek(new UUID(1, 2), 7, Suite.CHACHA20_POLY1305))
                .forEach(other -> refuses(Suite.AES_256_GCM, kek, wrapped, 64, other));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 15, 4097})
    void refusesToWrapKeysOfSillyLengths(int length) {
        SecretBytes silly = SecretBytes.random(length);
        assertThrows(IllegalArgumentException.class, () -> WrappedKey.wrap(Suite.AES_256_GCM, kek, silly, AAD));
        assertThrows(
                IllegalArgumentException.class,
                () -> WrappedKey.unwrap(Suite.AES_256_GCM, kek, new byte[100], length, AAD));
    }

    @Test
    void wrapsTheShortestAndTheLongestKey() {
        for (int length : Set.of(WrappedKey.MIN_KEY_BYTES, WrappedKey.MAX_KEY_BYTES)) {
            SecretBytes extreme = SecretBytes.random(length);
            byte[] wrapped = WrappedKey.wrap(Suite.AES_256_GCM, kek, extreme, AAD);
            assertTrue(extreme.sameAs(WrappedKey.unwrap(Suite.AES_256_GCM, kek, wrapped, length, AAD)));
        }
    }

    @Test
    void wrappingTwiceGivesOtherBytes() {
        byte[] first = WrappedKey.wrap(Suite.AES_256_GCM, kek, key, AAD);
        assertFalse(Arrays.equals(first, WrappedKey.wrap(Suite.AES_256_GCM, kek, key, AAD)));
    }

    @ParameterizedTest
    @CsvSource({
        "CHACHA20_POLY1305, 010165c3e45955ad4d3559114c3dbec028818bd5994f72a6e7e7fb4601f1c7fca1bfb3e7bc93ae9cbfb5a09b04bc9296904fe0b86a58354100a95c9a31f4b1d09ef98007365bd87bc582fd77115e14277502d9d0a4c096fac29b379028a1",
        "AES_256_GCM, 01026bdd8ac47cee1018a310e49d798d79bbb5999693a33f661355493886cb2f254a4f439a558b05c856cf8f9e1d2aff9fe46faea8e668fc3f4282a3ce88901d4fc513a468067c890fef27d3c632d1d8502ff546c29eb1dc9a11b40b82bd",
    })
    void unwrapsTheGoldenKeyForEver(Suite suite, String golden) {
        SecretBytes fixedKek = SecretBytes.takeOver(counting(32, 0x40));
        SecretBytes expected = SecretBytes.takeOver(counting(64, 0x80));
        byte[] identity = KeyIdentity.kek(VAULT, 7, Suite.CHACHA20_POLY1305);
        assertTrue(expected.sameAs(WrappedKey.unwrap(suite, fixedKek, HEX.parseHex(golden), 64, identity)));
    }

    @Test
    void identitiesHaveTheirBytesForEver() {
        String vault = "02" + "00000010" + "00112233445546778899aabbccddeeff";
        assertEquals(
                "01" + "00000006" + "74762f6b656b" + "07" + "00000001" + "01" + vault
                        + "04" + "00000004" + "00000007"
                        + "04" + "00000004" + "00000001",
                HEX.formatHex(KeyIdentity.kek(VAULT, 7, Suite.CHACHA20_POLY1305)));
        assertEquals(
                "01" + "0000000a" + "74762f73657276696365" + "07" + "00000001" + "01" + vault
                        + "01" + "00000007" + "5349474e494e47"
                        + "04" + "00000004" + "00000001"
                        + "04" + "00000004" + "00000007",
                HEX.formatHex(AAD));
    }

    private static byte[] counting(int length, int first) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (first + i);
        }
        return bytes;
    }

    private static void refuses(Suite suite, SecretBytes kek, byte[] wrapped, int length, byte[] aad) {
        assertThrows(AuthenticationFailedException.class, () -> WrappedKey.unwrap(suite, kek, wrapped, length, aad));
    }
}
