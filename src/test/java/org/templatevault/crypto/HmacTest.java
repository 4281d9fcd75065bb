package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HmacTest {
    private static final byte[] MESSAGE = "what do ya want for nothing?".getBytes(StandardCharsets.US_ASCII);

    /** RFC 4231 §4.3. */
    @Test
    void makesTheExampleOfTheStandard() {
        byte[] expected = HexFormat.of().parseHex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        try (SecretBytes key = SecretBytes.takeOver("Jefe".getBytes(StandardCharsets.US_ASCII))) {
            assertArrayEquals(expected, Hmac.sha256(key, MESSAGE));
            assertArrayEquals(expected, Hmac.sha256(key, MESSAGE), "the key stays open and whole");
        }
    }

    @Test
    void anotherKeyMakesAnotherResult() {
        try (SecretBytes one = SecretBytes.random(32);
                SecretBytes other = SecretBytes.random(32)) {
            assertFalse(Hmac.equal(Hmac.sha256(one, MESSAGE), Hmac.sha256(other, MESSAGE)));
        }
    }

    @Test
    void equalWantsEveryByte() {
        assertTrue(Hmac.equal(new byte[] {1, 2}, new byte[] {1, 2}));
        assertFalse(Hmac.equal(new byte[] {1, 2}, new byte[] {1, 3}));
        assertFalse(Hmac.equal(new byte[] {1, 2}, new byte[] {1}));
        assertFalse(Hmac.equal(new byte[0], new byte[] {0}));
    }
}
