package org.templatevault.crypto;

import java.util.Arrays;

/** HKDF with SHA-256, RFC 5869. Thread-safe. */
public final class Hkdf {
    /** The longest output, RFC 5869 §2.3: 255 blocks. */
    public static final int MAX_BYTES = 255 * Hmac.SHA256_BYTES;

    private Hkdf() {}

    /**
     * Extracts and expands.
     *
     * @param ikm the input keying material; stays open
     * @param salt may be empty
     * @param info what the key is for: one purpose, one value
     * @param length of the output, 1 to {@link #MAX_BYTES}
     */
    public static SecretBytes sha256(SecretBytes ikm, byte[] salt, byte[] info, int length) {
        if (length < 1 || length > MAX_BYTES) {
            throw new IllegalArgumentException("HKDF gives 1 to " + MAX_BYTES + " bytes");
        }
        byte[] prk = extract(ikm, salt);
        try {
            return expand(prk, info, length);
        } finally {
            Arrays.fill(prk, (byte) 0);
        }
    }

    /** RFC 5869 §2.2. */
    private static byte[] extract(SecretBytes ikm, byte[] salt) {
        byte[] input = ikm.copy();
        try {
            return Hmac.sha256(salt.length == 0 ? new byte[Hmac.SHA256_BYTES] : salt.clone(), input);
        } finally {
            Arrays.fill(input, (byte) 0);
        }
    }

    /** RFC 5869 §2.3. */
    private static SecretBytes expand(byte[] prk, byte[] info, int length) {
        byte[] okm = new byte[length];
        byte[] block = {};
        for (int done = 0, n = 1; done < length; n++) {
            byte[] next = Hmac.sha256(prk.clone(), block, info, new byte[] {(byte) n});
            Arrays.fill(block, (byte) 0);
            block = next;
            int taken = Math.min(block.length, length - done);
            System.arraycopy(block, 0, okm, done, taken);
            done += taken;
        }
        Arrays.fill(block, (byte) 0);
        return SecretBytes.takeOver(okm);
    }
}
