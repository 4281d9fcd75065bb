package org.templatevault.crypto;

import java.security.SecureRandom;

/**
 * The one source of keys and nonces. The default generator, not the "strong" one: that one may block at the start, and
 * both come from the kernel.
 */
final class Entropy {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Entropy() {}

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }
}
