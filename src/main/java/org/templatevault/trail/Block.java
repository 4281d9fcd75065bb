package org.templatevault.trail;

import jakarta.json.JsonObject;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Bytes;

/**
 * What a block says: what is signed.
 *
 * @param number from 1, without a gap
 * @param previous the hash of the block before it, zeros for the first
 * @param root over its entries, in the order of their times and ids
 * @param month of all its entries, in UTC
 * @param sealedAt by the clock of the node, which may be wrong: the order is the numbers'
 * @param state the hash of the sums of the template rows that there should be after it
 * @param sums these sums, in the first block of a month; null in others
 * @param key the number of the key that signs it
 */
record Block(
        long number,
        UUID vault,
        Bytes previous,
        Bytes root,
        int entries,
        String month,
        Instant sealedAt,
        String node,
        Bytes state,
        @Nullable Bytes sums,
        int key) {
    static final Bytes NONE = Bytes.of(new byte[Merkle.BYTES]);

    String line() {
        JsonLine line = new JsonLine()
                .add("block", number)
                .add("vault", vault.toString())
                .add("previous", hex(previous))
                .add("root", hex(root))
                .add("entries", entries)
                .add("month", month)
                .add("sealedAt", sealedAt.toString())
                .add("node", node)
                .add("state", hex(state));
        if (sums != null) {
            line.add("sums", hex(sums));
        }
        return line.add("key", key).toString();
    }

    /**
     * Reads a line.
     *
     * @throws IllegalArgumentException if it is not a block's
     */
    static Block read(String line) {
        try {
            JsonObject json = JsonText.object(line);
            return new Block(
                    json.getJsonNumber("block").longValueExact(),
                    UUID.fromString(json.getString("vault")),
                    bytes(json, "previous"),
                    bytes(json, "root"),
                    json.getInt("entries"),
                    json.getString("month"),
                    Instant.parse(json.getString("sealedAt")),
                    json.getString("node"),
                    bytes(json, "state"),
                    json.containsKey("sums") ? bytes(json, "sums") : null,
                    json.getInt("key"));
        } catch (RuntimeException notABlock) { // of whatever kind: whoever writes into the table chooses it
            throw new IllegalArgumentException("Not a block", notABlock);
        }
    }

    private static Bytes bytes(JsonObject json, String name) {
        return Bytes.of(HexFormat.of().parseHex(json.getString(name)));
    }

    private static String hex(Bytes bytes) {
        return HexFormat.of().formatHex(bytes.toArray());
    }

    /** The month of an entry. */
    static String month(Instant at) {
        return at.toString().substring(0, "2026-11".length());
    }
}
