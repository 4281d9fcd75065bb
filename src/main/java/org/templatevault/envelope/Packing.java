package org.templatevault.envelope;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.AuthenticationFailedException;

/**
 * The inner bytes of an envelope. They are sealed whole, so lengths and the compression flag cannot be read or changed.
 *
 * <p>Inner bytes, integers unsigned and big-endian, lengths in bytes:
 *
 * <ol>
 *   <li>format version, 1: {@code 1}
 *   <li>flags, 1: bit 0 says that the body is a Zstandard frame; the others are 0
 *   <li>length of the body as it stands here, 4
 *   <li>length of the body inflated, 4: at most {@link #MAX_BODY_BYTES}; greater than the former if compressed, else
 *       equal
 *   <li>body
 *   <li>padding to {@link Padding#paddedLength}, zeros
 * </ol>
 *
 * <p>Body, inflated:
 *
 * <ol>
 *   <li>length of the attributes, 2: at most 4,096, or {@code 0xFFFF} where there are none
 *   <li>attributes
 *   <li>template, all that is left: 1 to 8 MiB
 * </ol>
 *
 * <p>There is exactly one valid reading and it is checked whole; whatever else is refused as not authentic.
 */
final class Packing {
    static final byte FORMAT_VERSION = 1;
    static final byte ZSTD = 1;
    static final int HEADER_BYTES = 10;
    static final int MAX_BODY_BYTES = 2 + Payload.MAX_ATTRIBUTES_BYTES + Payload.MAX_TEMPLATE_BYTES;
    static final int MAX_INNER_BYTES = Padding.paddedLength(HEADER_BYTES + MAX_BODY_BYTES);

    private static final int NO_ATTRIBUTES = 0xFFFF;

    private Packing() {}

    /** Compressed only where that makes the stored length smaller. */
    static byte[] pack(Payload payload) {
        byte[] attributes = payload.attributesJson();
        int bodyLength = 2 + (attributes == null ? 0 : attributes.length) + payload.template().length;
        byte[] inner = new byte[Padding.paddedLength(HEADER_BYTES + bodyLength)];
        ByteBuffer out = header(inner, (byte) 0, bodyLength, bodyLength);
        out.putShort((short) (attributes == null ? NO_ATTRIBUTES : attributes.length));
        if (attributes != null) {
            out.put(attributes);
        }
        out.put(payload.template());
        return inner.length == Padding.MIN_BYTES ? inner : smaller(inner, bodyLength);
    }

    /** @throws AuthenticationFailedException for anything that {@link #pack} does not make */
    static Payload unpack(byte[] inner) {
        if (inner.length < Padding.MIN_BYTES || inner.length > MAX_INNER_BYTES) {
            throw new AuthenticationFailedException();
        }
        ByteBuffer in = ByteBuffer.wrap(inner);
        boolean formatKnown = in.get() == FORMAT_VERSION;
        byte flags = in.get();
        int stored = in.getInt();
        int inflated = in.getInt();
        boolean bounded = 0 <= stored && stored <= inflated && inflated <= MAX_BODY_BYTES;
        if (!formatKnown || !bounded || !isPadded(inner, stored)) {
            throw new AuthenticationFailedException();
        }
        return switch (flags) {
            case 0 -> plain(inner, stored, inflated);
            case ZSTD -> inflated(inner, stored, inflated);
            default -> throw new AuthenticationFailedException();
        };
    }

    /** The same with a compressed body if that comes to a smaller stored length; then clears {@code inner}. */
    private static byte[] smaller(byte[] inner, int bodyLength) {
        byte[] scratch = new byte[HEADER_BYTES + Compression.bound(bodyLength)];
        try {
            int frame = Compression.compress(inner, HEADER_BYTES, bodyLength, scratch);
            int padded = Padding.paddedLength(HEADER_BYTES + frame);
            if (padded >= inner.length) {
                return inner;
            }
            byte[] compressed = new byte[padded];
            header(compressed, ZSTD, frame, bodyLength).put(scratch, HEADER_BYTES, frame);
            Arrays.fill(inner, (byte) 0);
            return compressed;
        } finally {
            Arrays.fill(scratch, (byte) 0);
        }
    }

    private static ByteBuffer header(byte[] inner, byte flags, int stored, int inflated) {
        return ByteBuffer.wrap(inner)
                .put(FORMAT_VERSION)
                .put(flags)
                .putInt(stored)
                .putInt(inflated);
    }

    /** Whether a body of that length ends where the padding of this length begins, and the padding is zeros. */
    private static boolean isPadded(byte[] inner, int stored) {
        if (Padding.paddedLength(HEADER_BYTES + stored) != inner.length) {
            return false;
        }
        int bits = 0;
        for (int i = HEADER_BYTES + stored; i < inner.length; i++) {
            bits |= inner[i];
        }
        return bits == 0;
    }

    private static Payload plain(byte[] inner, int stored, int inflated) {
        if (stored != inflated) {
            throw new AuthenticationFailedException();
        }
        return payload(ByteBuffer.wrap(inner, HEADER_BYTES, stored));
    }

    private static Payload inflated(byte[] inner, int stored, int inflated) {
        if (stored == inflated) {
            throw new AuthenticationFailedException();
        }
        byte[] body = Compression.inflate(inner, HEADER_BYTES, stored, inflated);
        try {
            return payload(ByteBuffer.wrap(body));
        } finally {
            Arrays.fill(body, (byte) 0);
        }
    }

    private static Payload payload(ByteBuffer body) {
        if (body.remaining() < 2) {
            throw new AuthenticationFailedException();
        }
        int claimed = Short.toUnsignedInt(body.getShort());
        int attributesLength = claimed == NO_ATTRIBUTES ? 0 : claimed;
        int templateLength = body.remaining() - attributesLength;
        boolean bounded = attributesLength <= Payload.MAX_ATTRIBUTES_BYTES
                && 1 <= templateLength
                && templateLength <= Payload.MAX_TEMPLATE_BYTES;
        if (!bounded) {
            throw new AuthenticationFailedException();
        }
        byte @Nullable [] attributes = claimed == NO_ATTRIBUTES ? null : take(body, attributesLength);
        return new Payload(take(body, templateLength), attributes);
    }

    private static byte[] take(ByteBuffer body, int length) {
        byte[] taken = new byte[length];
        body.get(taken);
        return taken;
    }
}
