package org.templatevault.envelope;

import org.jspecify.annotations.Nullable;

/**
 * What stands in the open beside a sealed template, and is bound by it.
 *
 * @param modality such as {@code FINGERPRINT}
 * @param position such as {@code RIGHT_INDEX}, absent where it means nothing
 * @param format such as {@code ISO_19794_2_2005}
 * @param quality 0 to 100 (ISO/IEC 29794-1), absent where not measured
 * @param extractorName who made the template, absent where not told
 * @param extractorVersion of that extractor, absent where not told
 */
public record TemplateAttributes(
        String modality,
        @Nullable String position,
        String format,
        @Nullable Integer quality,
        @Nullable String extractorName,
        @Nullable String extractorVersion) {}
