package org.templatevault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WycheproofTest {
    @ParameterizedTest
    @EnumSource
    void everyProviderPassesAllChaCha20Poly1305Vectors(AeadProvider provider) {
        assertEquals(325, passed(provider, Suite.CHACHA20_POLY1305, "chacha20_poly1305_test.json"));
    }

    @ParameterizedTest
    @EnumSource
    void everyProviderPassesAllAesGcmVectorsWhateverTheKeyAndNonceLength(AeadProvider provider) {
        assertEquals(316, passed(provider, Suite.AES_256_GCM, "aes_gcm_test.json"));
    }

    @Test
    void hkdfPassesAllVectors() {
        List<Wycheproof.Case> cases = Wycheproof.cases("hkdf_sha256_test.json");
        cases.forEach(WycheproofTest::checkHkdf);
        assertEquals(86, cases.size());
    }

    @Test
    void hmacPassesAllVectors() {
        List<Wycheproof.Case> cases = Wycheproof.cases("hmac_sha256_test.json");
        cases.forEach(WycheproofTest::checkHmac);
        assertEquals(174, cases.size());
    }

    private static int passed(AeadProvider provider, Suite suite, String file) {
        List<Wycheproof.Case> cases = Wycheproof.cases(file);
        cases.forEach(each -> check(provider, suite, each));
        return cases.size();
    }

    private static void check(AeadProvider provider, Suite suite, Wycheproof.Case each) {
        byte[] sealed = concat(each.bytes("ct"), each.bytes("tag"));
        if (each.valid()) {
            assertArrayEquals(each.bytes("msg"), open(provider, suite, each, sealed), each.what());
            assertArrayEquals(sealed, seal(provider, suite, each), each.what());
            return;
        }
        RuntimeException refusal =
                assertThrows(RuntimeException.class, () -> open(provider, suite, each, sealed), each.what());
        if (each.bytes("iv").length == Suite.NONCE_BYTES) {
            assertInstanceOf(AuthenticationFailedException.class, refusal, each.what());
        }
    }

    private static byte[] open(AeadProvider provider, Suite suite, Wycheproof.Case each, byte[] sealed) {
        return provider.open(suite, each.bytes("key"), each.bytes("iv"), each.bytes("aad"), sealed, 0);
    }

    private static byte[] seal(AeadProvider provider, Suite suite, Wycheproof.Case each) {
        byte[] plaintext = each.bytes("msg");
        byte[] out = new byte[plaintext.length + Suite.TAG_BYTES];
        provider.seal(suite, each.bytes("key"), each.bytes("iv"), each.bytes("aad"), plaintext, out, 0);
        return out;
    }

    private static void checkHkdf(Wycheproof.Case each) {
        try (SecretBytes ikm = SecretBytes.takeOver(each.bytes("ikm"))) {
            byte[] salt = each.bytes("salt");
            byte[] info = each.bytes("info");
            int size = each.number("size");
            if (each.valid()) {
                assertArrayEquals(
                        each.bytes("okm"), Hkdf.sha256(ikm, salt, info, size).reveal(), each.what());
            } else {
                assertThrows(IllegalArgumentException.class, () -> Hkdf.sha256(ikm, salt, info, size), each.what());
            }
        }
    }

    /** A tag in a vector may be the first half of the result. */
    private static void checkHmac(Wycheproof.Case each) {
        try (SecretBytes key = SecretBytes.takeOver(each.bytes("key"))) {
            byte[] tag = each.bytes("tag");
            byte[] made = Arrays.copyOf(Hmac.sha256(key, each.bytes("msg")), tag.length);
            assertEquals(each.valid(), Hmac.equal(tag, made), each.what());
        }
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }
}
