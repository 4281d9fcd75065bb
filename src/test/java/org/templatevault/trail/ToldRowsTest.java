package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Bytes;

class ToldRowsTest {
    private static Element element(int bucket, int number) {
        byte[] value = ByteBuffer.allocate(32).putInt(bucket).putInt(number).array();
        return new Element(new UUID(bucket, number), 1, bucket, Bytes.of(value));
    }

    @Test
    void keepsFewerBucketsWhereTheirRowsDoNotFitAndThoseWhole() {
        ToldRows rows = new ToldRows(List.of(3, 4, 5, 6), 25);
        for (int i = 0; i < 20; i++) {
            for (int bucket = 0; bucket < 10; bucket++) {
                rows.take(element(bucket, i), 1);
            }
        }
        assertEquals(Set.of(3), rows.buckets());
        assertEquals(20, rows.missing().size());
        assertFalse(rows.isExtra(element(4, 1)), "not one of those that are looked at");
        assertFalse(rows.isExtra(element(3, 1)));
        assertTrue(rows.isExtra(element(3, 77)));
        assertEquals(19, rows.missing().size());
    }

    @Test
    void keepsOneBucketHoweverManyRowsItHas() {
        ToldRows rows = new ToldRows(List.of(3, 4), 5);
        for (int i = 0; i < 20; i++) {
            rows.take(element(3, i), 1);
        }
        assertEquals(Set.of(3), rows.buckets());
        assertEquals(20, rows.missing().size());
    }

    @Test
    void keepsAllBucketsWhoseRowsCameAndWent() {
        ToldRows rows = new ToldRows(List.of(3, 4, 5), 2);
        for (int i = 0; i < 20; i++) {
            rows.take(element(3 + i % 3, i), 1);
            rows.take(element(3 + i % 3, i), -1);
        }
        rows.take(element(5, 7), -1);
        assertEquals(Set.of(3, 4, 5), rows.buckets());
        assertEquals(List.of(), rows.missing());
    }
}
