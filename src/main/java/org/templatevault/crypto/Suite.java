package org.templatevault.crypto;

/**
 * The authenticated ciphers that the vault allows. Both take a 32-byte key, a 12-byte nonce and make a 16-byte tag, so
 * lengths do not depend on the suite.
 */
public enum Suite {
    /** AEAD_CHACHA20_POLY1305, RFC 8439 §2.8. */
    CHACHA20_POLY1305(1),
    /** AES-256 in Galois/Counter Mode, SP 800-38D. */
    AES_256_GCM(2);

    /** Length of a key, in bytes. */
    public static final int KEY_BYTES = 32;
    /** Length of a nonce, in bytes. */
    public static final int NONCE_BYTES = 12;
    /** Length of a tag, in bytes. */
    public static final int TAG_BYTES = 16;

    private final byte code;

    Suite(int code) {
        this.code = (byte) code;
    }

    /** The byte that names this suite in stored bytes; never reassigned. */
    public byte code() {
        return code;
    }

    /**
     * The suite that a stored byte names.
     *
     * @throws AuthenticationFailedException for a byte that names none: a suite outside the list is an integrity failure
     */
    public static Suite ofCode(byte code) {
        for (Suite suite : values()) {
            if (suite.code == code) {
                return suite;
            }
        }
        throw new AuthenticationFailedException();
    }
}
