package org.templatevault.crypto;

import java.util.Arrays;

/**
 * A key under a key: DEKs and service keys under a KEK, KEKs where the key store works in software.
 *
 * <p>Stored bytes, lengths in bytes:
 *
 * <ol>
 *   <li>format version, 1: {@code 1}
 *   <li>suite, 1: {@link Suite#code()}
 *   <li>nonce, 12
 *   <li>ciphertext, as long as the key: 16 to 4,096
 *   <li>tag, 16
 * </ol>
 */
public final class WrappedKey {
    /** The version of this byte format. */
    public static final byte FORMAT_VERSION = 1;
    /** By how many bytes a wrapped key is longer than the key. */
    public static final int OVERHEAD_BYTES = 2 + Aead.OVERHEAD_BYTES;
    /** The shortest key that is wrapped, in bytes. */
    public static final int MIN_KEY_BYTES = 16;
    /** The longest key that is wrapped, in bytes. */
    public static final int MAX_KEY_BYTES = 4096;

    private static final int HEADER_BYTES = 2;

    private WrappedKey() {}

    /**
     * Wraps {@code key} under {@code kek}; both stay open.
     *
     * @param aad the identity of the wrapped key
     */
    public static byte[] wrap(Suite suite, SecretBytes kek, SecretBytes key, byte[] aad) {
        byte[] raw = key.copy();
        try {
            requireKeyLength(raw.length);
            return Aead.sealAfter(new byte[] {FORMAT_VERSION, suite.code()}, suite, kek, raw, aad);
        } finally {
            Arrays.fill(raw, (byte) 0);
        }
    }

    /**
     * Unwraps what {@link #wrap} made.
     *
     * @param expected the suite that this key must be wrapped with; the stored byte does not decide
     * @param keyLength the length that the key must have, in bytes
     * @throws AuthenticationFailedException for another format version, suite or length, a wrong {@code kek}, another
     *     identity, any changed bit
     */
    public static SecretBytes unwrap(Suite expected, SecretBytes kek, byte[] wrapped, int keyLength, byte[] aad) {
        requireKeyLength(keyLength);
        boolean known = wrapped.length == OVERHEAD_BYTES + keyLength
                && wrapped[0] == FORMAT_VERSION
                && wrapped[1] == expected.code();
        if (!known) {
            throw new AuthenticationFailedException();
        }
        return SecretBytes.takeOver(Aead.open(expected, kek, wrapped, HEADER_BYTES, aad));
    }

    private static void requireKeyLength(int length) {
        if (length < MIN_KEY_BYTES || length > MAX_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a wrapped key has " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
        }
    }
}
