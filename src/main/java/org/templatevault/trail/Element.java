package org.templatevault.trail;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.util.HexFormat;
import java.util.List;
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

    /** The elements that an entry tells of under this name. */
    static List<Element> read(JsonObject entry, String name) {
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
