package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HkdfTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] NONE = {};

    private final SecretBytes ikm = SecretBytes.takeOver(HEX.parseHex("0b".repeat(22)));

    /** RFC 5869 appendix A.1. */
    @Test
    void makesTheExampleOfTheStandard() {
        SecretBytes okm =
                Hkdf.sha256(ikm, HEX.parseHex("000102030405060708090a0b0c"), HEX.parseHex("f0f1f2f3f4f5f6f7f8f9"), 42);
        assertArrayEquals(
                HEX.parseHex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
                okm.reveal());
    }

    /** RFC 5869 appendix A.3. */
    @Test
    void takesNoSaltAndNoInfo() {
        assertArrayEquals(
                HEX.parseHex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
                Hkdf.sha256(ikm, NONE, NONE, 42).reveal());
    }

    @Test
    void anotherInfoMakesAnotherKey() {
        assertFalse(Hkdf.sha256(ikm, NONE, new byte[] {1}, 32).sameAs(Hkdf.sha256(ikm, NONE, new byte[] {2}, 32)));
    }

    @Test
    void refusesLengthsThatTheStandardDoesNotGive() {
        assertEquals(8160, Hkdf.sha256(ikm, NONE, NONE, 8160).length());
        assertThrows(IllegalArgumentException.class, () -> Hkdf.sha256(ikm, NONE, NONE, 8161));
        assertThrows(IllegalArgumentException.class, () -> Hkdf.sha256(ikm, NONE, NONE, 0));
        assertThrows(IllegalArgumentException.class, () -> Hkdf.sha256(ikm, NONE, NONE, -1));
    }

    @Test
    void leavesItsInputWhole() {
        byte[] salt = {1, 2, 3};
        Hkdf.sha256(ikm, salt, NONE, 32).close();
        assertArrayEquals(new byte[] {1, 2, 3}, salt);
        assertArrayEquals(HEX.parseHex("0b".repeat(22)), ikm.reveal());
    }
}
