package org.templatevault.vault;

import java.nio.charset.StandardCharsets;
import org.templatevault.persistence.Bytes;

/**
 * A caller's Idempotency-Key and the digest of the request that it stands for.
 *
 * @param caller to whom the key belongs
 * @param key 1 to 100 characters
 * @param request digest of method, route and body; the vault makes a keyed fingerprint of it before it is stored
 */
public record RequestKey(String caller, String key, Bytes request) {
    byte[] requestBytes() {
        byte[] label = "tv/idempotency\0".getBytes(StandardCharsets.US_ASCII);
        byte[] digest = request.toArray();
        byte[] joined = java.util.Arrays.copyOf(label, label.length + digest.length);
        System.arraycopy(digest, 0, joined, label.length, digest.length);
        return joined;
    }
}
