package org.templatevault.crypto;

import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * Key bytes in the form that the Java API wants. Unlike {@code SecretKeySpec} it can be destroyed. What a provider
 * copies for itself lives until the garbage collector takes it.
 */
final class RawKey implements SecretKey {
    private final String algorithm;
    private final transient byte[] bytes;

    /** Takes over the array. */
    RawKey(String algorithm, byte[] bytes) {
        this.algorithm = algorithm;
        this.bytes = bytes;
    }

    @Override
    public String getAlgorithm() {
        return algorithm;
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    @Override
    public byte[] getEncoded() {
        return bytes.clone();
    }

    @Override
    public void destroy() {
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String toString() {
        return "RawKey[redacted]";
    }
}
