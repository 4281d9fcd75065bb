package org.templatevault.trail;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** The hashes of the trail: a Merkle tree over a block's entries (RFC 9162, section 2.1.1), a chain over the blocks. */
final class Merkle {
    static final int BYTES = 32;
    private static final byte LEAF = 0;
    private static final byte NODE = 1;
    private static final byte BLOCK = 2;

    private Merkle() {}

    /** The leaf of an entry's line. */
    static byte[] leaf(String line) {
        return hash(LEAF, line.getBytes(StandardCharsets.UTF_8));
    }

    /** What the next block names this one by. */
    static byte[] block(String line) {
        return hash(BLOCK, line.getBytes(StandardCharsets.UTF_8));
    }

    /** The hash of some sums. */
    static byte[] state(byte[] sums) {
        return sha256().digest(sums);
    }

    /** The root over leaves, of which there is at least one. */
    static byte[] root(List<byte[]> leaves) {
        if (leaves.size() == 1) {
            return leaves.get(0);
        }
        int left = Integer.highestOneBit(leaves.size() - 1);
        return hash(NODE, root(leaves.subList(0, left)), root(leaves.subList(left, leaves.size())));
    }

    private static byte[] hash(byte kind, byte[]... parts) {
        MessageDigest sha256 = sha256();
        sha256.update(kind);
        for (byte[] part : parts) {
            sha256.update(part);
        }
        return sha256.digest();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
