package org.templatevault.persistence;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code template} without its envelope and the number of the DEK that sealed it: what no rotation changes.
 *
 * @param createdAt in whole microseconds
 */
public record TemplateIdentityRow(
        UUID subjectId,
        UUID id,
        int version,
        String modality,
        @Nullable String position,
        String format,
        @Nullable Integer quality,
        @Nullable String extractorName,
        @Nullable String extractorVersion,
        Instant createdAt,
        String createdBy) {

    static TemplateIdentityRow of(TemplateRow row) {
        return new TemplateIdentityRow(
                row.subjectId(),
                row.id(),
                row.version(),
                row.modality(),
                row.position(),
                row.format(),
                row.quality(),
                row.extractorName(),
                row.extractorVersion(),
                row.createdAt(),
                row.createdBy());
    }
}
