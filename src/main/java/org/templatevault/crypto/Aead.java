package org.templatevault.crypto;

import java.util.Arrays;

/**
 * Authenticated encryption with associated data. Thread-safe: no state, a fresh cipher for each call.
 *
 * <p>Sealed bytes, all lengths in bytes:
 *
 * <ol>
 *   <li>nonce, 12, random for every sealing and never chosen by a caller. With 2<sup>32</sup> sealings under one key the
 *       chance of a repeated nonce stays under 2<sup>-32</sup> (SP 800-38D §8.3), so no key may do more.
 *   <li>ciphertext, as long as the plaintext.
 *   <li>tag, 16.
 * </ol>
 *
 * <p>Neither suite commits to its key: one ciphertext can be made to open under several keys. So never try keys in turn;
 * the key is found by identity, and the identity stands in the associated data.
 */
public final class Aead {
    /** By how many bytes sealed bytes are longer than the plaintext. */
    public static final int OVERHEAD_BYTES = Suite.NONCE_BYTES + Suite.TAG_BYTES;

    private static final byte[] NO_HEADER = {};

    private Aead() {}

    /**
     * Seals under a fresh random nonce.
     *
     * @param key of {@link Suite#KEY_BYTES}
     * @return nonce ‖ ciphertext ‖ tag
     */
    public static byte[] seal(Suite suite, SecretBytes key, byte[] plaintext, byte[] aad) {
        return sealAfter(NO_HEADER, suite, key, plaintext, aad);
    }

    /**
     * As {@link #seal}, with a header written before the nonce. The header is not authenticated: whoever opens must
     * compare every byte of it with what it has to be.
     *
     * @return header ‖ nonce ‖ ciphertext ‖ tag
     */
    public static byte[] sealAfter(byte[] header, Suite suite, SecretBytes key, byte[] plaintext, byte[] aad) {
        byte[] nonce = Entropy.bytes(Suite.NONCE_BYTES);
        byte[] out = Arrays.copyOf(header, Math.addExact(header.length + OVERHEAD_BYTES, plaintext.length));
        System.arraycopy(nonce, 0, out, header.length, nonce.length);
        byte[] raw = keyOf(key);
        try {
            provider(suite).seal(suite, raw, nonce, aad, plaintext, out, header.length + nonce.length);
        } finally {
            Arrays.fill(raw, (byte) 0);
        }
        return out;
    }

    /**
     * Opens what {@link #seal} made. No plaintext leaves before the tag held.
     *
     * @param sealed read from {@code offset} to its end
     * @throws AuthenticationFailedException for too few bytes, a wrong key, wrong associated data, any changed bit
     */
    public static byte[] open(Suite suite, SecretBytes key, byte[] sealed, int offset, byte[] aad) {
        if (offset < 0) {
            throw new IllegalArgumentException("negative offset");
        }
        if (sealed.length - offset < OVERHEAD_BYTES) {
            throw new AuthenticationFailedException();
        }
        byte[] nonce = Arrays.copyOfRange(sealed, offset, offset + Suite.NONCE_BYTES);
        byte[] raw = keyOf(key);
        try {
            return provider(suite).open(suite, raw, nonce, aad, sealed, offset + nonce.length);
        } finally {
            Arrays.fill(raw, (byte) 0);
        }
    }

    /** The name of the provider that computes this suite on this Java runtime, for the start-up report. */
    public static String providerName(Suite suite) {
        return provider(suite).shortName();
    }

    /**
     * The faster of two right ones. ChaCha20-Poly1305 has intrinsics in the JDK from 21 (1,364 against 290 MB/s); on 17
     * Bouncy Castle is ahead (248 against 215 MB/s). AES-GCM has had them all along.
     */
    static AeadProvider provider(Suite suite) {
        return switch (suite) {
            case CHACHA20_POLY1305 ->
                Runtime.version().feature() >= 21 ? AeadProvider.SUN_JCE : AeadProvider.BOUNCY_CASTLE;
            case AES_256_GCM -> AeadProvider.SUN_JCE;
        };
    }

    private static byte[] keyOf(SecretBytes key) {
        byte[] raw = key.copy();
        if (raw.length != Suite.KEY_BYTES) {
            Arrays.fill(raw, (byte) 0);
            throw new IllegalArgumentException("a key has " + Suite.KEY_BYTES + " bytes");
        }
        return raw;
    }
}
