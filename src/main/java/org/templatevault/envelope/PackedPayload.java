package org.templatevault.envelope;

import java.util.Arrays;

/** A payload packed and padded, not yet sealed: still in the clear, so it is closed like one. */
public final class PackedPayload implements AutoCloseable {
    private final byte[] inner;
    private boolean closed;

    /** Takes over the array. */
    PackedPayload(byte[] inner) {
        this.inner = inner;
    }

    /** How many bytes the envelope will have, known before there is a key. */
    public int envelopeLength() {
        return inner.length + TemplateEnvelope.OVERHEAD_BYTES;
    }

    byte[] inner() {
        if (closed) {
            throw new IllegalStateException("the packed payload was closed");
        }
        return inner;
    }

    /** Clears the bytes. */
    @Override
    public void close() {
        closed = true;
        Arrays.fill(inner, (byte) 0);
    }

    /** Never the content. */
    @Override
    public String toString() {
        return "PackedPayload[redacted]";
    }
}
