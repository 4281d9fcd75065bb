package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.templatevault.testing.Damage;

class AeadProviderTest {
    private static final int RECORDS = 100_000;
    private static final HexFormat HEX = HexFormat.of();

    private static final byte[] KEY = HEX.parseHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    private static final byte[] NONCE = HEX.parseHex("070000004041424344454647");
    private static final byte[] AAD = HEX.parseHex("50515253c0c1c2c3c4c5c6c7");
    private static final byte[] PLAINTEXT =
            ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip"
                            + " for the future, sunscreen would be it.")
                    .getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SEALED = HEX.parseHex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            + "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            + "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            + "3ff4def08e4b7a9de576d26586cec64b6116"
            + "1ae10b594f09e26a7e902ecbd0600691");

    /** RFC 8439 §2.8.2. */
    @ParameterizedTest
    @EnumSource
    void sealsTheExampleOfTheStandard(AeadProvider provider) {
        byte[] out = new byte[SEALED.length];
        provider.seal(Suite.CHACHA20_POLY1305, KEY, NONCE, AAD, PLAINTEXT, out, 0);
        assertArrayEquals(SEALED, out);
    }

    /** RFC 8439 §2.8.2. */
    @ParameterizedTest
    @EnumSource
    void opensTheExampleOfTheStandard(AeadProvider provider) {
        assertArrayEquals(PLAINTEXT, provider.open(Suite.CHACHA20_POLY1305, KEY, NONCE, AAD, SEALED, 0));
    }

    @ParameterizedTest
    @EnumSource
    void refusesTheExampleOfTheStandardWithAnyBitFlipped(AeadProvider provider) {
        Damage.everyBitFlipped(SEALED)
                .forEach(damaged -> assertThrows(
                        AuthenticationFailedException.class,
                        () -> provider.open(Suite.CHACHA20_POLY1305, KEY, NONCE, AAD, damaged, 0)));
    }

    @ParameterizedTest
    @CsvSource({
        "CHACHA20_POLY1305, SUN_JCE",
        "CHACHA20_POLY1305, BOUNCY_CASTLE",
        "AES_256_GCM, SUN_JCE",
        "AES_256_GCM, BOUNCY_CASTLE"
    })
    void whatOneProviderSealsTheOtherOpens(Suite suite, AeadProvider sealer) {
        AeadProvider opener = sealer == AeadProvider.SUN_JCE ? AeadProvider.BOUNCY_CASTLE : AeadProvider.SUN_JCE;
        SplittableRandom random = new SplittableRandom(20_26);
        for (int i = 0; i < RECORDS; i++) {
            byte[] key = bytes(random, Suite.KEY_BYTES);
            byte[] nonce = bytes(random, Suite.NONCE_BYTES);
            byte[] aad = bytes(random, random.nextInt(1, 64));
            byte[] plaintext = bytes(random, random.nextInt(200));
            byte[] sealed = new byte[plaintext.length + Suite.TAG_BYTES];
            sealer.seal(suite, key, nonce, aad, plaintext, sealed, 0);
            if (!Arrays.equals(plaintext, opener.open(suite, key, nonce, aad, sealed, 0))) {
                throw new AssertionError("record " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Suite.class)
    void refusesLessThanATagBeforeAskingTheProvider(Suite suite) {
        for (AeadProvider provider : AeadProvider.values()) {
            assertThrows(
                    AuthenticationFailedException.class,
                    () -> provider.open(suite, new byte[0], NONCE, AAD, new byte[Suite.TAG_BYTES - 1], 0));
        }
    }

    @Test
    void picksTheFasterProviderOfThisJavaRuntime() {
        String expected = Runtime.version().feature() >= 21 ? "SunJCE" : "BC";
        assertEquals(expected, Aead.providerName(Suite.CHACHA20_POLY1305));
        assertEquals("SunJCE", Aead.providerName(Suite.AES_256_GCM));
    }

    @Test
    void registersNoProvider() {
        byte[] out = new byte[SEALED.length];
        AeadProvider.BOUNCY_CASTLE.seal(Suite.AES_256_GCM, KEY, NONCE, AAD, PLAINTEXT, out, 0);
        assertNull(Security.getProvider("BC"));
    }

    private static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
