package org.templatevault.envelope;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A template in the clear, with the caller's free attributes if it gave any. Held as shortly as a key: closed in
 * try-with-resources, which clears both arrays.
 */
public final class Payload implements AutoCloseable {
    /** The longest template, in bytes. */
    public static final int MAX_TEMPLATE_BYTES = 8 << 20;
    /** The longest attributes, in bytes of UTF-8. */
    public static final int MAX_ATTRIBUTES_BYTES = 4096;

    private final byte[] template;
    private final byte @Nullable [] attributesJson;

    /**
     * Takes over both arrays, without a copy.
     *
     * @param template 1 to {@link #MAX_TEMPLATE_BYTES}
     * @param attributesJson up to {@link #MAX_ATTRIBUTES_BYTES} of UTF-8, or null; empty is not the same as null
     */
    public Payload(byte[] template, byte @Nullable [] attributesJson) {
        if (template.length == 0 || template.length > MAX_TEMPLATE_BYTES) {
            throw new IllegalArgumentException("a template has 1 to " + MAX_TEMPLATE_BYTES + " bytes");
        }
        if (attributesJson != null && attributesJson.length > MAX_ATTRIBUTES_BYTES) {
            throw new IllegalArgumentException("attributes have at most " + MAX_ATTRIBUTES_BYTES + " bytes");
        }
        this.template = template;
        this.attributesJson = attributesJson;
    }

    /** The template's bytes as they came in; the live array. All zeros once this is closed. */
    public byte[] template() {
        return template;
    }

    /** The free attributes, the live array, or null where the caller gave none. */
    public byte @Nullable [] attributesJson() {
        return attributesJson;
    }

    /** Clears both arrays. */
    @Override
    public void close() {
        Arrays.fill(template, (byte) 0);
        if (attributesJson != null) {
            Arrays.fill(attributesJson, (byte) 0);
        }
    }

    /** Never the content. */
    @Override
    public String toString() {
        return "Payload[redacted]";
    }
}
