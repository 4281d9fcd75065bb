package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Bytes;

class BucketSumsTest {
    private static Element element(int bucket, int fill) {
        byte[] value = new byte[Merkle.BYTES];
        Arrays.fill(value, (byte) fill);
        return new Element(UUID.randomUUID(), 1, bucket, Bytes.of(value));
    }

    @Test
    void doesNotMindTheOrder() {
        Element a = element(3, 0xff);
        Element b = element(3, 0x80);
        BucketSums one = new BucketSums();
        one.add(a);
        one.add(b);
        one.remove(a);
        BucketSums other = new BucketSums();
        other.remove(a);
        other.add(b);
        other.add(a);
        assertArrayEquals(one.toBytes(), other.toBytes());
        assertEquals(List.of(), one.differences(other));
    }

    @Test
    void goesRoundAtItsModulusAndBackToNothing() {
        Element all = element(63, 0xff);
        BucketSums sums = new BucketSums();
        sums.remove(all);
        sums.add(all);
        assertArrayEquals(new BucketSums().toBytes(), sums.toBytes());
    }

    @Test
    void countsTheSameRowTwice() {
        Element row = element(5, 1);
        BucketSums once = new BucketSums();
        once.add(row);
        BucketSums twice = new BucketSums();
        twice.add(row);
        twice.add(row);
        assertEquals(List.of(5), once.differences(twice));
    }

    @Test
    void isTheSameAfterItWasWrittenAndRead() {
        BucketSums sums = new BucketSums();
        sums.add(element(0, 0xff));
        sums.add(element(63, 1));
        assertArrayEquals(
                sums.toBytes(), BucketSums.of(Bytes.of(sums.toBytes())).toBytes());
    }

    @Test
    void refusesSumsThatAreCut() {
        byte[] cut = Arrays.copyOf(new BucketSums().toBytes(), 64 * 32 - 1);
        assertThrows(IllegalArgumentException.class, () -> BucketSums.of(Bytes.of(cut)));
    }
}
