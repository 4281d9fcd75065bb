package org.templatevault.trail;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.templatevault.persistence.Bytes;

/**
 * For each of 64 buckets the sum of its elements modulo 2^256: adding and removing are deltas that come in any order, so
 * writers never wait for each other. For one thread.
 */
final class BucketSums {
    static final int BUCKETS = 64;
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(8 * Merkle.BYTES);

    private final BigInteger[] sums = new BigInteger[BUCKETS];

    /** Sums over nothing. */
    BucketSums() {
        Arrays.fill(sums, BigInteger.ZERO);
    }

    /** Sums as {@link #toBytes} gave them. */
    static BucketSums of(Bytes bytes) {
        BucketSums read = new BucketSums();
        byte[] all = bytes.toArray();
        if (all.length != BUCKETS * Merkle.BYTES) {
            throw new IllegalArgumentException("64 sums of 32 bytes are expected");
        }
        for (int i = 0; i < BUCKETS; i++) {
            read.sums[i] = new BigInteger(1, Arrays.copyOfRange(all, i * Merkle.BYTES, (i + 1) * Merkle.BYTES));
        }
        return read;
    }

    void add(Element element) {
        change(element, value(element));
    }

    void remove(Element element) {
        change(element, value(element).negate());
    }

    private void change(Element element, BigInteger by) {
        sums[element.bucket()] = sums[element.bucket()].add(by).mod(MODULUS);
    }

    private static BigInteger value(Element element) {
        return new BigInteger(1, element.value().toArray());
    }

    /** The sums in a row, 32 bytes each. */
    byte[] toBytes() {
        byte[] all = new byte[BUCKETS * Merkle.BYTES];
        for (int i = 0; i < BUCKETS; i++) {
            byte[] sum = sums[i].toByteArray();
            int from = Math.max(0, sum.length - Merkle.BYTES);
            int length = sum.length - from;
            System.arraycopy(sum, from, all, (i + 1) * Merkle.BYTES - length, length);
        }
        return all;
    }

    /** The buckets in which these sums are others. */
    List<Integer> differences(BucketSums other) {
        return new ArrayList<>(IntStream.range(0, BUCKETS)
                .filter(i -> !sums[i].equals(other.sums[i]))
                .boxed()
                .toList());
    }
}
