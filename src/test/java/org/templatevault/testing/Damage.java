package org.templatevault.testing;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Ways to damage bytes that must not go unnoticed. */
public final class Damage {
    private Damage() {}

    /** A copy for each bit, with that bit flipped. */
    public static Stream<byte[]> everyBitFlipped(byte[] bytes) {
        return IntStream.range(0, bytes.length * Byte.SIZE).mapToObj(bit -> bitFlipped(bytes, bit));
    }

    /** A copy for each shorter length, cut at the end. */
    public static Stream<byte[]> everyTruncation(byte[] bytes) {
        return IntStream.range(0, bytes.length).mapToObj(length -> Arrays.copyOf(bytes, length));
    }

    /** A copy with one bit flipped. */
    public static byte[] bitFlipped(byte[] bytes, int bit) {
        byte[] copy = bytes.clone();
        copy[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
        return copy;
    }

    /** A copy with one byte replaced. */
    public static byte[] withByte(byte[] bytes, int index, int value) {
        byte[] copy = bytes.clone();
        copy[index] = (byte) value;
        return copy;
    }
}
