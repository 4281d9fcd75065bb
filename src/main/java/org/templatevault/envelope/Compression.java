package org.templatevault.envelope;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
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
     * Writes a frame of {@code source} (from {@code offset}, {@code length} bytes) to the same offset of {@code target},
     * which has room for {@link #bound} more.
     *
     * @return the length of the frame, perhaps more than {@code length}
     */
    static int compress(byte[] source, int offset, int length, byte[] target) {
        int room = target.length - offset;
        return Math.toIntExact(Zstd.compressByteArray(target, offset, room, source, offset, length, LEVEL));
    }

    /** The longest that a frame of {@code length} bytes can become. */
    static int bound(int length) {
        return Math.toIntExact(Zstd.compressBound(length));
    }

    /**
     * Inflates the one frame that fills {@code source} from {@code offset} for {@code length} bytes. Allocates
     * {@code inflatedLength} bytes and nothing by what the frame itself claims: the caller has bounded that length.
     *
     * @throws AuthenticationFailedException for a frame of another length, shape or content size
     */
    static byte[] inflate(byte[] source, int offset, int length, int inflatedLength) {
        if (!isPlainFrame(source, offset, length)
                || Zstd.getFrameContentSize(source, offset, length) != inflatedLength) {
            throw new AuthenticationFailedException();
        }
        byte[] inflated = new byte[inflatedLength];
        if (!fills(inflated, source, offset, length)) {
            Arrays.fill(inflated, (byte) 0);
            throw new AuthenticationFailedException();
        }
        return inflated;
    }

    /** Whether it is one frame and no more, and inflates to exactly that many bytes. */
    private static boolean fills(byte[] inflated, byte[] source, int offset, int length) {
        try {
            return Zstd.findFrameCompressedSize(source, offset, length) == length
                    && Zstd.decompressByteArray(inflated, 0, inflated.length, source, offset, length)
                            == inflated.length;
        } catch (ZstdException e) {
            return false;
        }
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
