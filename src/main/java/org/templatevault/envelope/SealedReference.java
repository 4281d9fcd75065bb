package org.templatevault.envelope;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.templatevault.crypto.Aead;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/**
 * The caller's own reference for a subject, sealed under the subject's DEK.
 *
 * <p>Stored bytes, lengths in bytes, integers unsigned and big-endian:
 *
 * <ol>
 *   <li>format version, 1: {@code 1}
 *   <li>suite, 1: {@link Suite#code()}
 *   <li>nonce, 12
 *   <li>ciphertext, 64 to 576, a multiple of 64. Inside it: length of the reference, 2; the reference (UTF-8), 1 to 512;
 *       zeros
 *   <li>tag, 16
 * </ol>
 *
 * <p>Associated data, label {@code tv/reference}: subject, DEK number (int), suite (int, its code).
 */
public final class SealedReference {
    /** The version of this byte format. */
    public static final byte FORMAT_VERSION = 1;
    /** The longest reference, in bytes of UTF-8. */
    public static final int MAX_REFERENCE_BYTES = 512;
    /** The longest sealed reference, in bytes. */
    public static final int MAX_SEALED_BYTES = 2 + Aead.OVERHEAD_BYTES + paddedLength(MAX_REFERENCE_BYTES);

    private static final int HEADER_BYTES = 2;

    private SealedReference() {}

    /**
     * Seals under a fresh nonce.
     *
     * @param reference 1 to {@link #MAX_REFERENCE_BYTES} of UTF-8; the caller clears it
     */
    public static byte[] seal(SecretBytes dek, UUID vault, UUID subject, int dekNumber, Suite suite, byte[] reference) {
        if (reference.length == 0 || reference.length > MAX_REFERENCE_BYTES) {
            throw new IllegalArgumentException("a reference has 1 to " + MAX_REFERENCE_BYTES + " bytes");
        }
        byte[] inner = new byte[paddedLength(reference.length)];
        ByteBuffer.wrap(inner).putShort((short) reference.length).put(reference);
        try {
            byte[] header = {FORMAT_VERSION, suite.code()};
            return Aead.sealAfter(header, suite, dek, inner, associatedData(vault, subject, dekNumber, suite));
        } finally {
            Arrays.fill(inner, (byte) 0);
        }
    }

    /**
     * Opens a sealed reference; the caller clears the result.
     *
     * @throws AuthenticationFailedException if it is not this subject's under that key, bit for bit
     */
    public static byte[] open(SecretBytes dek, UUID vault, UUID subject, int dekNumber, Suite suite, byte[] sealed) {
        boolean known = HEADER_BYTES < sealed.length
                && sealed.length <= MAX_SEALED_BYTES
                && sealed[0] == FORMAT_VERSION
                && sealed[1] == suite.code();
        if (!known) {
            throw new AuthenticationFailedException();
        }
        byte[] aad = associatedData(vault, subject, dekNumber, suite);
        byte[] inner = Aead.open(suite, dek, sealed, HEADER_BYTES, aad);
        try {
            return unpad(inner);
        } finally {
            Arrays.fill(inner, (byte) 0);
        }
    }

    private static byte[] associatedData(UUID vault, UUID subject, int dekNumber, Suite suite) {
        return AssociatedData.of("tv/reference", vault)
                .add(subject)
                .add(dekNumber)
                .add((int) suite.code())
                .toBytes();
    }

    private static byte[] unpad(byte[] inner) {
        int length = inner.length < 2
                ? 0
                : Short.toUnsignedInt(ByteBuffer.wrap(inner).getShort());
        if (length == 0 || length > MAX_REFERENCE_BYTES || paddedLength(length) != inner.length) {
            throw new AuthenticationFailedException();
        }
        for (int i = 2 + length; i < inner.length; i++) {
            if (inner[i] != 0) {
                throw new AuthenticationFailedException();
            }
        }
        return Arrays.copyOfRange(inner, 2, 2 + length);
    }

    /** Two bytes of length and the reference, up to a multiple of 64. */
    private static int paddedLength(int length) {
        return (2 + length + 63) & -64;
    }
}
