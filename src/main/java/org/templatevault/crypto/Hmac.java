package org.templatevault.crypto;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;

/** HMAC-SHA-256, RFC 2104 and FIPS 198-1. Thread-safe. */
public final class Hmac {
    /** Length of a result, in bytes. */
    public static final int SHA256_BYTES = 32;

    private Hmac() {}

    /** The 32-byte HMAC-SHA-256 of the message. */
    public static byte[] sha256(SecretBytes key, byte[] message) {
        return sha256(key.copy(), message);
    }

    /** Whether both hold the same bytes; takes the same time wherever they differ. For tags, tokens and hashes. */
    public static boolean equal(byte[] a, byte[] b) {
        return MessageDigest.isEqual(a, b);
    }

    /** The HMAC of the parts in a row; clears {@code key}. */
    static byte[] sha256(byte[] key, byte[]... parts) {
        RawKey secret = new RawKey("HmacSHA256", key);
        try {
            Mac mac = Mac.getInstance("HmacSHA256", SunJce.PROVIDER);
            mac.init(secret);
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA-256 failed", e);
        } finally {
            secret.destroy();
        }
    }
}
