package org.templatevault.crypto;

import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Key bytes in memory, cleared on {@link #close()}. Held like a file: opened late, closed early, in
 * try-with-resources.
 *
 * <p>Has at least one byte. After {@code close} every use throws {@link IllegalStateException}, so a cleared key can
 * never seal anything: uses inside this package work on a copy taken under the lock that {@code close} takes.
 * {@code equals} and {@code hashCode} stay those of the object; {@link #sameAs} compares the content.
 */
public final class SecretBytes implements AutoCloseable {
    private final byte[] bytes;
    private boolean closed;

    private SecretBytes(byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("a secret has at least one byte");
        }
        this.bytes = bytes;
    }

    /** Fresh bytes from the system's secure random generator. */
    public static SecretBytes random(int length) {
        return new SecretBytes(Entropy.bytes(length));
    }

    /** Makes this the owner of the array, without a copy: the caller must not use the array again. */
    public static SecretBytes takeOver(byte[] bytes) {
        return new SecretBytes(bytes);
    }

    /** Copies the array; the caller still has to clear its own. */
    public static SecretBytes copyOf(byte[] bytes) {
        return new SecretBytes(bytes.clone());
    }

    /** A new secret with the bytes of {@code a}, then those of {@code b}. Both stay open. */
    public static SecretBytes concat(SecretBytes a, SecretBytes b) {
        byte[] head = a.copy();
        byte[] tail = b.copy();
        byte[] joined = Arrays.copyOf(head, Math.addExact(head.length, tail.length));
        System.arraycopy(tail, 0, joined, head.length, tail.length);
        Arrays.fill(head, (byte) 0);
        Arrays.fill(tail, (byte) 0);
        return new SecretBytes(joined);
    }

    /**
     * Dangerous: the live inner array, not a copy. It turns to zeros when this is closed, perhaps in the middle of the
     * caller's use. Only {@code crypto} and {@code keyring} may call this, and must neither keep nor change the array.
     */
    public synchronized byte[] reveal() {
        requireOpen();
        return bytes;
    }

    /** A copy that the caller clears; never half cleared by a concurrent {@link #close()}. */
    synchronized byte[] copy() {
        requireOpen();
        return bytes.clone();
    }

    /** A copy of the bytes {@code from} (inclusive) to {@code to} (exclusive) as a secret of its own. */
    public synchronized SecretBytes slice(int from, int to) {
        requireOpen();
        if (from < 0 || to > bytes.length || from >= to) {
            throw new IllegalArgumentException("no such slice");
        }
        return new SecretBytes(Arrays.copyOfRange(bytes, from, to));
    }

    /** The number of bytes. */
    public synchronized int length() {
        requireOpen();
        return bytes.length;
    }

    /** Whether both hold the same bytes; takes the same time wherever they differ. */
    public boolean sameAs(SecretBytes other) {
        byte[] mine = copy();
        byte[] theirs = other.copy();
        try {
            return MessageDigest.isEqual(mine, theirs);
        } finally {
            Arrays.fill(mine, (byte) 0);
            Arrays.fill(theirs, (byte) 0);
        }
    }

    /** Clears the bytes. Closing twice is allowed. */
    @Override
    public synchronized void close() {
        closed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    /** Never the content. */
    @Override
    public String toString() {
        return "SecretBytes[redacted]";
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the secret was closed");
        }
    }
}
