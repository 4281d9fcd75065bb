package org.templatevault.envelope;

import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/**
 * A subject's two keys, wrapped as one secret of 64 bytes: the DEK (32), then the tag key (32). The tag key makes the
 * subject's pseudonym in the audit trail; it outlives a re-encryption and dies with the subject.
 */
public final class DataKey implements AutoCloseable {
    /** Length of the tag key, in bytes. */
    public static final int TAG_KEY_BYTES = 32;
    /** Length of both keys together, in bytes. */
    public static final int BYTES = Suite.KEY_BYTES + TAG_KEY_BYTES;

    private final SecretBytes dek;
    private final SecretBytes tagKey;

    private DataKey(SecretBytes dek, SecretBytes tagKey) {
        this.dek = dek;
        this.tagKey = tagKey;
    }

    /** Fresh keys for a new subject. */
    public static DataKey generate() {
        return new DataKey(SecretBytes.random(Suite.KEY_BYTES), SecretBytes.random(TAG_KEY_BYTES));
    }

    /**
     * Splits an unwrapped secret; copies it, so the caller still closes its own.
     *
     * @throws IllegalArgumentException if it has not {@link #BYTES}
     */
    public static DataKey ofSecret(SecretBytes secret) {
        if (secret.length() != BYTES) {
            throw new IllegalArgumentException("a DEK with its tag key has " + BYTES + " bytes");
        }
        return new DataKey(secret.slice(0, Suite.KEY_BYTES), secret.slice(Suite.KEY_BYTES, BYTES));
    }

    /** For a re-encryption: a fresh DEK beside a copy of this tag key. This stays open. */
    public DataKey withNewDek() {
        return new DataKey(SecretBytes.random(Suite.KEY_BYTES), tagKey.slice(0, TAG_KEY_BYTES));
    }

    /** The key that seals the subject's templates and reference; closed with this. */
    public SecretBytes dek() {
        return dek;
    }

    /** The key of the subject's pseudonym; closed with this. */
    public SecretBytes tagKey() {
        return tagKey;
    }

    /** Both keys as one secret to be wrapped; the caller closes it. */
    public SecretBytes toSecret() {
        return SecretBytes.concat(dek, tagKey);
    }

    /** Clears both keys. */
    @Override
    public void close() {
        dek.close();
        tagKey.close();
    }

    /** Never the content. */
    @Override
    public String toString() {
        return "DataKey[redacted]";
    }
}
