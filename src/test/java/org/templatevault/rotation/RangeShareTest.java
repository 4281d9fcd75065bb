package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Rotations.Passed;

class RangeShareTest {
    private static final UUID LEAST = new UUID(0, 0);
    private static final UUID HALF = new UUID(Long.MIN_VALUE, 0);
    private static final UUID MOST = new UUID(-1, -1);

    private static double share(UUID from, UUID upTo, @Nullable UUID reached) {
        return RangeShare.of(new Passed(from, upTo, reached));
    }

    @Test
    void isNothingBeforeTheFirstPageAndOneAtTheEnd() {
        assertEquals(0, share(LEAST, MOST, null));
        assertEquals(0, share(HALF, MOST, HALF));
        assertEquals(1, share(LEAST, HALF, HALF));
        assertEquals(1, share(LEAST, MOST, MOST));
    }

    @Test
    void countsIdsAsTheDatabaseOrdersThem() {
        assertEquals(0.5, share(LEAST, MOST, HALF), 0.001);
        assertEquals(0.5, share(HALF, MOST, UUID.fromString("c0000000-0000-0000-0000-000000000000")), 0.001);
    }

    @Test
    void isNeverMoreThanAllOrLessThanNothing() {
        assertEquals(1, share(LEAST, HALF, MOST));
        assertEquals(0, share(HALF, MOST, LEAST));
        assertEquals(1, share(HALF, HALF, HALF));
    }
}
