package org.templatevault.trail;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.templatevault.persistence.Bytes;

/**
 * What the trail says of one template row.
 *
 * @param bucket which of the sums it counts in, from a keyed hash of the subject
 * @param value 32 bytes, a keyed hash of all that the row says of itself, the subject included
 */
record Element(UUID template, int version, int bucket, Bytes value) {
    JsonLine json() {
        return new JsonLine()
                .add("template", template.toString())
                .add("version", version)
                .add("bucket", bucket)
                .add("element", HexFormat.of().formatHex(value.toArray()));
    }

    Element {
        if (bucket < 0 || bucket >= BucketSums.BUCKETS || value.toArray().length != Merkle.BYTES) {
            throw new IllegalArgumentException("An element has one of 64 buckets and 32 bytes");
        }
    }

    /** What an entry says of rows that came and rows that went. */
    record Changes(List<Element> added, List<Element> removed) {
        static final Changes NONE = new Changes(List.of(), List.of());

        /** What this line says; nothing if somebody has made it unreadable. */
        static Changes of(String line) {
            if (!line.contains("\"added\":") && !line.contains("\"removed\":")) {
                return NONE;
            }
            return JsonText.find(line).flatMap(Changes::read).orElse(NONE);
        }

        /** Whether what an entry says of rows can be read, or it says nothing of any. */
        static boolean areReadable(JsonObject entry) {
            return read(entry).isPresent();
        }

        private static Optional<Changes> read(JsonObject entry) {
            try {
                return Optional.of(new Changes(Element.read(entry, "added"), Element.read(entry, "removed")));
            } catch (RuntimeException unreadable) { // of whatever kind: whoever writes into the table chooses it
                return Optional.empty();
            }
        }
    }

    private static List<Element> read(JsonObject entry, String name) {
        JsonArray array = entry.getJsonArray(name);
        return array == null
                ? List.of()
                : array.getValuesAs(JsonObject.class).stream()
                        .map(Element::read)
                        .toList();
    }

    private static Element read(JsonObject json) {
        return new Element(
                UUID.fromString(json.getString("template")),
                json.getInt("version"),
                json.getInt("bucket"),
                Bytes.of(HexFormat.of().parseHex(json.getString("element"))));
    }
}
