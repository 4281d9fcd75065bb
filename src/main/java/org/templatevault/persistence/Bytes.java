package org.templatevault.persistence;

import java.util.Arrays;

/** An immutable value of bytes that are no secret: a wrapped key, a tag, a fingerprint. */
public final class Bytes {
    private final byte[] value;

    private Bytes(byte[] value) {
        this.value = value;
    }

    /** A copy of the bytes. */
    public static Bytes of(byte[] value) {
        return new Bytes(value.clone());
    }

    /** A copy of the bytes. */
    public byte[] toArray() {
        return value.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(value);
    }

    /** The length only. */
    @Override
    public String toString() {
        return "Bytes[" + value.length + "]";
    }
}
