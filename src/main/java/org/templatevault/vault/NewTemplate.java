package org.templatevault.vault;

import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;

/**
 * A template as a caller gives it: the open attributes and what is to be sealed. Closing it clears the payload.
 *
 * @param attributes modality, position, format, quality, extractor
 * @param payload the template's bytes and its free attributes
 */
public record NewTemplate(TemplateAttributes attributes, Payload payload) implements AutoCloseable {
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
