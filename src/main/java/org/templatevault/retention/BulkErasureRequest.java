package org.templatevault.retention;

import java.time.Period;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Whom to erase: a list, or those whom all that is given holds for.
 *
 * @param subjects null for a query
 * @param modality those who have a template of it
 * @param olderThan those who were made so long ago or longer
 * @param retentionDue those whom their policy wants erased by today
 * @param atMost a query that finds more is refused
 * @param rate the most subjects a second; null for no limit
 */
public record BulkErasureRequest(
        @Nullable List<UUID> subjects,
        @Nullable String modality,
        @Nullable Period olderThan,
        boolean retentionDue,
        @Nullable Integer atMost,
        @Nullable Integer rate) {
    /** The most subjects of a list. */
    public static final int MOST_LISTED = 1_000;
    /** The most subjects that a query may have. */
    public static final int MOST_FOUND = 1_000_000;
}
