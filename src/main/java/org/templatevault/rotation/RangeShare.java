package org.templatevault.rotation;

import java.util.UUID;
import org.templatevault.persistence.Rotations.Passed;

/** How much of its range of ids a partition has passed. Ids are taken as evenly spread, as random ones are. */
final class RangeShare {
    private RangeShare() {}

    /** From 0 to 1, in whole thousandths, rounded down: 1 only at the end. */
    static double of(Passed range) {
        UUID reached = range.reachedId();
        if (reached == null) {
            return 0;
        }
        double first = position(range.fromId());
        double width = position(range.upToId()) - first;
        double share = width <= 0 ? 1 : (position(reached) - first) / width;
        return Math.floor(Math.max(0, Math.min(1, share)) * 1000) / 1000;
    }

    /** The first 63 bits, in the database's order of ids, which is that of their unsigned bytes. */
    private static double position(UUID id) {
        return id.getMostSignificantBits() >>> 1;
    }
}
