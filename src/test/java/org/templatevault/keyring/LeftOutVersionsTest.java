package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.KeyVersions;

class LeftOutVersionsTest {
    private static final Bytes WRAPPED = Bytes.of(new byte[] {1});

    private long now = Long.MAX_VALUE - LeftOutVersions.GOOD_FOR.toNanos() / 2;
    private final LeftOutVersions leftOut = new LeftOutVersions(() -> now);

    private static KeyVersions.Row row(int version, KeyState state, @Nullable Bytes wrapped) {
        Instant made = Instant.EPOCH;
        return new KeyVersions.Row(
                version,
                state.name(),
                "PKCS12",
                "root",
                "AES_256_GCM",
                made,
                null,
                null,
                null,
                null,
                null,
                null,
                wrapped);
    }

    @Test
    void looksForAnUnusedOneAgainAfterTenMinutes() {
        KeyVersions.Row row = row(1, KeyState.DEACTIVATED, WRAPPED);
        assertFalse(leftOut.isSettled(row));
        leftOut.add(row, WRAPPED);
        now += LeftOutVersions.GOOD_FOR.toNanos() - 1;
        assertTrue(leftOut.isSettled(row));
        now++;
        assertFalse(leftOut.isSettled(row));
        assertTrue(leftOut.has(row));
        leftOut.remove(row);
        assertFalse(leftOut.has(row));
    }

    @Test
    void looksForOneThatIsNotYetActiveEachTime() {
        KeyVersions.Row row = row(2, KeyState.PRE_ACTIVE, WRAPPED);
        leftOut.add(row, WRAPPED);
        assertTrue(leftOut.has(row));
        assertFalse(leftOut.isSettled(row));
        KeyVersions.Row active = row(2, KeyState.ACTIVE, WRAPPED);
        assertFalse(leftOut.has(active), "it may be needed now");
    }

    @Test
    void takesAnotherKeyUnderTheNumberForAnother() {
        leftOut.add(row(1, KeyState.DEACTIVATED, WRAPPED), WRAPPED);
        assertFalse(leftOut.isSettled(row(1, KeyState.DEACTIVATED, Bytes.of(new byte[] {2}))));
    }

    @Test
    void tellsWhichAreAbsentUntilTheyAreDestroyed() {
        KeyVersions.Row unused = row(1, KeyState.DEACTIVATED, WRAPPED);
        KeyVersions.Row staged = row(2, KeyState.PRE_ACTIVE, WRAPPED);
        leftOut.add(unused, WRAPPED);
        leftOut.add(staged, WRAPPED);
        leftOut.retain(List.of(unused, staged));
        assertEquals(new KeyRing.Absent(Set.of(2), Set.of(1, 2)), leftOut.absent());
        leftOut.retain(List.of(row(1, KeyState.DESTROYED, null), staged));
        assertEquals(new KeyRing.Absent(Set.of(2), Set.of(2)), leftOut.absent());
    }
}
