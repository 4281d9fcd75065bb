package org.templatevault.crypto;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.Provider;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * A key under a key: DEKs and service keys under a KEK, KEKs under a root key. Where the root key stays inside a token,
 * the token computes the same bytes.
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
        requireForm(expected, wrapped, keyLength);
        return SecretBytes.takeOver(Aead.open(expected, kek, wrapped, HEADER_BYTES, aad));
    }

    /**
     * As {@link #wrap} with AES-256-GCM, computed inside a token.
     *
     * @param token the provider whose key {@code kek} is
     * @param kek a handle, whose bytes nobody sees
     * @throws GeneralSecurityException if the token fails
     */
    public static byte[] wrapInside(Provider token, Key kek, SecretBytes key, byte[] aad)
            throws GeneralSecurityException {
        byte[] nonce = Entropy.bytes(Suite.NONCE_BYTES);
        byte[] raw = key.copy();
        try {
            requireKeyLength(raw.length);
            byte[] sealed = gcm(Cipher.ENCRYPT_MODE, token, kek, nonce, aad).doFinal(raw);
            return ByteBuffer.allocate(OVERHEAD_BYTES + raw.length)
                    .put(FORMAT_VERSION)
                    .put(Suite.AES_256_GCM.code())
                    .put(nonce)
                    .put(sealed)
                    .array();
        } finally {
            Arrays.fill(raw, (byte) 0);
        }
    }

    /**
     * As {@link #unwrap} with AES-256-GCM, computed inside a token.
     *
     * @throws AuthenticationFailedException as there; also where the token reports its own failure like a wrong tag
     * @throws GeneralSecurityException if the token fails otherwise
     */
    public static SecretBytes unwrapInside(Provider token, Key kek, byte[] wrapped, int keyLength, byte[] aad)
            throws GeneralSecurityException {
        requireForm(Suite.AES_256_GCM, wrapped, keyLength);
        int sealed = HEADER_BYTES + Suite.NONCE_BYTES;
        byte[] nonce = Arrays.copyOfRange(wrapped, HEADER_BYTES, sealed);
        try {
            return SecretBytes.takeOver(
                    gcm(Cipher.DECRYPT_MODE, token, kek, nonce, aad).doFinal(wrapped, sealed, wrapped.length - sealed));
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        }
    }

    private static Cipher gcm(int mode, Provider token, Key kek, byte[] nonce, byte[] aad)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding", token);
        cipher.init(mode, kek, new GCMParameterSpec(Suite.TAG_BYTES * Byte.SIZE, nonce));
        cipher.updateAAD(aad);
        return cipher;
    }

    private static void requireForm(Suite expected, byte[] wrapped, int keyLength) {
        requireKeyLength(keyLength);
        boolean known = wrapped.length == OVERHEAD_BYTES + keyLength
                && wrapped[0] == FORMAT_VERSION
                && wrapped[1] == expected.code();
        if (!known) {
            throw new AuthenticationFailedException();
        }
    }

    private static void requireKeyLength(int length) {
        if (length < MIN_KEY_BYTES || length > MAX_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a wrapped key has " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
        }
    }
}
