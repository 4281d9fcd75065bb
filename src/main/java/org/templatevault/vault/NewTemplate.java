package org.templatevault.vault;

import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;

/**
 * A template as a caller gives it: the open attributes and what is to be sealed. Closing it clears the payload.
 *
 * @param attributes modality, position, format, quality, extractor
 * @param payload the template's bytes and its free attributes
 * @param policy the retention policy of the subject that is made with it; null for the default, or the one that it has
 */
public record NewTemplate(
        TemplateAttributes attributes,
        Payload payload,
        @Nullable String policy) implements AutoCloseable {
    /** A template for a subject whose policy is not spoken of. */
    public NewTemplate(TemplateAttributes attributes, Payload payload) {
        this(attributes, payload, null);
    }

    @Override
    public void close() {
        payload.close();
    }

    /** The open attributes only. */
    @Override
    public String toString() {
        return "NewTemplate[" + attributes + "]";
    }
}
