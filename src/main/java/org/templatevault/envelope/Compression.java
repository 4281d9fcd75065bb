package org.templatevault.envelope;

import com.github.luben.zstd.Zstd;
import java.util.Arrays;
import java.util.OptionalInt;
import org.templatevault.crypto.AuthenticationFailedException;

/**
 * One Zstandard frame (RFC 8878 §3.1.1), without dictionary: a dictionary trained on templates would carry fragments of
 * them. The working memory of the native library is outside the heap and is not cleared.
 */
final class Compression {
    private static final int LEVEL = 3;
    private static final int MAGIC_BYTES = 4;
    private static final int SINGLE_SEGMENT = 0x20;
    private static final int RESERVED_OR_DICTIONARY = 0x0B;
    private static final int MIN_WINDOW_LOG = 10;
    private static final int MAX_WINDOW_LOG = 23;

    private Compression() {}

    /**
     * Writes a frame of {@code source} (from {@code offset}, {@code length} bytes) to the same offset of {@code target}.
     *
     * @return the length of the frame, or nothing if it would not be smaller
     */
    static OptionalInt compress(byte[] source, int offset, int length, byte[] target) {
        long written = Zstd.compressByteArray(target, offset, length - 1, source, offset, length, LEVEL);
        return Zstd.isError(written) ? OptionalInt.empty() : OptionalInt.of(Math.toIntExact(written));
    }

    /**
     * Inflates the one frame that fills {@code source} from {@code offset} for {@code length} bytes. Allocates
     * {@code inflatedLength} bytes and nothing by what the frame itself claims: the caller has bounded that length.
     *
     * @throws AuthenticationFailedException for a frame of another length, shape or content size
     */
    static byte[] inflate(byte[] source, int offset, int length, int inflatedLength) {
        if (!isPlainFrame(source, offset, length)
                || Zstd.findFrameCompressedSize(source, offset, length) != length
                || Zstd.getFrameContentSize(source, offset, length) != inflatedLength) {
            throw new AuthenticationFailedException();
        }
        byte[] inflated = new byte[inflatedLength];
        long written = Zstd.decompressByteArray(inflated, 0, inflatedLength, source, offset, length);
        if (written != inflatedLength) {
            Arrays.fill(inflated, (byte) 0);
            throw new AuthenticationFailedException();
        }
        return inflated;
    }

    /** A Zstandard frame (not a skippable one) without dictionary, and with a window of at most 8 MiB. */
    private static boolean isPlainFrame(byte[] source, int offset, int length) {
        if (length < MAGIC_BYTES + 2 || !hasMagic(source, offset)) {
            return false;
        }
        int descriptor = source[offset + MAGIC_BYTES];
        int window = source[offset + MAGIC_BYTES + 1] & 0xFF;
        boolean bounded = (descriptor & SINGLE_SEGMENT) != 0 || (window >> 3) + MIN_WINDOW_LOG <= MAX_WINDOW_LOG;
        return bounded && (descriptor & RESERVED_OR_DICTIONARY) == 0;
    }

    private static boolean hasMagic(byte[] source, int offset) {
        return source[offset] == 0x28
                && source[offset + 1] == (byte) 0xB5
                && source[offset + 2] == 0x2F
                && source[offset + 3] == (byte) 0xFD;
    }
}
