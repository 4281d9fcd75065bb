package org.templatevault.console;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that a person should look at.
 *
 * @param code which thing; stable
 * @param count how many of them, 1 where it is one thing
 * @param since when it began; null where nobody can tell
 */
public record Attention(Code code, long count, @Nullable Instant since) {
    /** What can need attention, the most urgent first. */
    public enum Code {
        /** Root keys of versions in use are not in a key store: the next start is refused. */
        MISSING_ROOT_KEYS,
        /** Root keys of destroyed versions are in a key store again. */
        DESTROYED_ROOT_KEYS,
        /** The last verification of the trail found something. */
        TRAIL_DAMAGED,
        /** A key store that holds the root key of a living version could not be used when it was last used. */
        KEY_STORE_UNREACHABLE,
        /** A living node's clock and the database's are apart: that node drives no jobs. */
        NODE_CLOCK,
        /** Rows did not open while a rotation passed them. */
        QUARANTINE,
        /** A rotation failed, is held up, or moves nothing. */
        ROTATION_STALLED,
        /** A rotation is paused. */
        ROTATION_PAUSED,
        /** An erasure of many is paused or failed. */
        ERASURE_STALLED,
        /** The schedule asks for a rotation, or the active version is older than a year. */
        ROTATION_DUE,
        /** The active version has wrapped a quarter of what it may. */
        WRAPS_HIGH,
        /** Subjects are kept longer than their policy says. */
        RETENTION_OVERDUE,
        /** Somebody asked for something that another person has to decide. */
        APPROVALS_WAITING,
        /** Erasures have waited longer than a month to be gone from every copy. */
        ERASURES_WAITING,
        /** Nobody has verified the trail for a week. */
        TRAIL_NOT_VERIFIED,
        /** A node that did not say goodbye is silent. */
        NODE_SILENT
    }
}
