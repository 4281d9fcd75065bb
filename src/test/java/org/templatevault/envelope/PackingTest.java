package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.testing.Damage;

class PackingTest {
    private static final int FLAGS = 1;
    private static final int STORED = 2;
    private static final int INFLATED = 6;
    private static final int BODY = 10;

    private final byte[] packed = Packing.pack(new Payload(new byte[] {1, 2, 3}, new byte[] {4}));

    @Test
    void everyByteStandsInItsPlace() {
        byte[] expected = new byte[512];
        byte[] head = {1, 0, 0, 0, 0, 6, 0, 0, 0, 6, 0, 1, 4, 1, 2, 3};
        System.arraycopy(head, 0, expected, 0, head.length);
        assertArrayEquals(expected, packed);
        assertEquals(-1, Packing.pack(new Payload(new byte[] {1}, null))[BODY]);
    }

    @Test
    void compressesOnlyWhereTheStoredLengthShrinks() {
        assertEquals(0, Packing.pack(new Payload(new byte[400], null))[FLAGS], "it fits the smallest length anyway");
        assertEquals(0, Packing.pack(new Payload(random(5_000), null))[FLAGS], "noise does not shrink");
        byte[] zeros = Packing.pack(new Payload(new byte[5_000], null));
        assertEquals(Packing.ZSTD, zeros[FLAGS]);
        assertEquals(512, zeros.length);
        assertArrayEquals(new byte[5_000], Packing.unpack(zeros).template());
    }

    @Test
    void opensTheMostCompressiblePayload() {
        byte[] packedZeros = Packing.pack(new Payload(new byte[Payload.MAX_TEMPLATE_BYTES], new byte[4096]));
        assertEquals(Payload.MAX_TEMPLATE_BYTES, Packing.unpack(packedZeros).template().length);
    }

    @Test
    void leavesNothingOfTheTemplateBehindACompressedBody() {
        byte[] template = new byte[5_000];
        template[4_999] = 77;
        byte[] inner = Packing.pack(new Payload(template, null));
        int stored = ByteBuffer.wrap(inner).getInt(STORED);
        assertArrayEquals(
                new byte[inner.length - BODY - stored], Arrays.copyOfRange(inner, BODY + stored, inner.length));
    }

    @Test
    void refusesUnknownFormatVersions() {
        for (int version = 0; version <= 0xFF; version++) {
            if (version != Packing.FORMAT_VERSION) {
                refuses(Damage.withByte(packed, 0, version));
            }
        }
    }

    @Test
    void refusesUnknownFlags() {
        for (int flags = 1; flags <= 0xFF; flags++) {
            refuses(Damage.withByte(packed, FLAGS, flags));
        }
    }

    @Test
    void refusesAnyBitOfThePaddingThatIsNotZero() {
        for (int bit = (BODY + 6) * Byte.SIZE; bit < packed.length * Byte.SIZE; bit++) {
            refuses(Damage.bitFlipped(packed, bit));
        }
    }

    @Test
    void refusesEveryOtherLengthOfPadding() {
        for (int length = 0; length <= 2_048; length++) {
            if (length != packed.length) {
                refuses(Arrays.copyOf(packed, length));
            }
        }
        refuses(Arrays.copyOf(packed, Packing.MAX_INNER_BYTES + 256));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 7, 502, 503, 8_392_706, 8_392_707, Integer.MAX_VALUE, Integer.MIN_VALUE, -1, -10})
    void refusesAnyOtherClaimOfTheStoredLength(int claim) {
        refuses(withInt(packed, STORED, claim));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 503, 8_392_706, 8_392_707, Integer.MAX_VALUE, Integer.MIN_VALUE, -1, -10})
    void refusesTwoClaimsThatAgreeButDoNotFitThePadding(int claim) {
        refuses(withInt(withInt(packed, STORED, claim), INFLATED, claim));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 7, 8_392_706, 8_392_707, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void refusesAnUncompressedBodyThatClaimsToInflate(int claim) {
        refuses(withInt(packed, INFLATED, claim));
    }

    @Test
    void refusesAttributesThatReachPastTheBodyOrLeaveNoTemplate() {
        for (int claim = 4; claim < 0xFFFF; claim++) {
            refuses(Damage.withByte(Damage.withByte(packed, BODY, claim >> 8), BODY + 1, claim));
        }
    }

    @Test
    void refusesAttributesOverTheirLimit() {
        byte[] body = random(6_000);
        ByteBuffer.wrap(body).putShort((short) (Payload.MAX_ATTRIBUTES_BYTES + 1));
        refuses(uncompressed(body));
        ByteBuffer.wrap(body).putShort((short) Payload.MAX_ATTRIBUTES_BYTES);
        assertEquals(6_000 - 2 - 4_096, Packing.unpack(uncompressed(body)).template().length);
    }

    @Test
    void refusesATemplateOverItsLimit() {
        byte[] body = random(2 + Payload.MAX_TEMPLATE_BYTES + 1);
        ByteBuffer.wrap(body).putShort((short) 0xFFFF);
        refuses(uncompressed(body));
    }

    @Test
    void refusesABodyTooShortForItsFirstLength() {
        refuses(uncompressed(new byte[0]));
        refuses(uncompressed(new byte[1]));
        refuses(uncompressed(new byte[2]));
        refuses(uncompressed(new byte[] {-1, -1}));
    }

    /** Correctly framed inner bytes around any body. */
    static byte[] uncompressed(byte[] body) {
        return framed(0, body, body.length);
    }

    /** Correctly framed inner bytes around any frame, with any claim. */
    static byte[] framed(int flags, byte[] body, int inflatedClaim) {
        ByteBuffer inner = ByteBuffer.allocate(Padding.paddedLength(BODY + body.length));
        inner.put(Packing.FORMAT_VERSION).put((byte) flags);
        inner.putInt(body.length).putInt(inflatedClaim).put(body);
        return inner.array();
    }

    private static byte[] withInt(byte[] bytes, int index, int value) {
        byte[] copy = bytes.clone();
        ByteBuffer.wrap(copy).putInt(index, value);
        return copy;
    }

    private static void refuses(byte[] inner) {
        assertThrows(AuthenticationFailedException.class, () -> Packing.unpack(inner));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }
}
