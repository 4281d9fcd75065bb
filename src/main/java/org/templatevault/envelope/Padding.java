package org.templatevault.envelope;

/**
 * To which length packed bytes are padded, so that a stored length tells little about what is in it.
 *
 * <p>All ISO/IEC 19794-2 records of up to 75 minutiae come to one length. Large templates lose at most 12 % to padding
 * and leak O(log log n) bits (Padmé: Nikitin et al., PETS 2019, §4).
 */
final class Padding {
    static final int MIN_BYTES = 512;
    static final int BLOCK_BYTES = 256;
    private static final int PADME_ABOVE_BYTES = 4096;

    private Padding() {}

    /** The one length for {@code length} bytes: never less, and the same for its own result. */
    static int paddedLength(int length) {
        int blocks = Math.max(MIN_BYTES, roundUp(length, BLOCK_BYTES));
        return length <= PADME_ABOVE_BYTES ? blocks : Math.max(blocks, padme(length));
    }

    /** Keeps as many leading bits as the exponent has bits, and rounds up the rest. */
    private static int padme(int length) {
        int exponent = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(length);
        int kept = Integer.SIZE - Integer.numberOfLeadingZeros(exponent);
        return roundUp(length, 1 << (exponent - kept));
    }

    private static int roundUp(int length, int powerOfTwo) {
        return (length + powerOfTwo - 1) & -powerOfTwo;
    }
}
