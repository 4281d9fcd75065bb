package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.util.Base64;
import java.util.SplittableRandom;

/** Templates as JSON, right or with one thing wrong. */
public final class TemplateDocument {
    private TemplateDocument() {}

    /** A complete fingerprint template, without free attributes. */
    public static JsonObject fingerprint(byte[] data) {
        return Json.createObjectBuilder()
                .add("modality", "FINGERPRINT")
                .add("position", "RIGHT_INDEX")
                .add("format", "ISO_19794_2_2005")
                .add(
                        "extractor",
                        Json.createObjectBuilder().add("name", "extractor").add("version", "1.2"))
                .add("quality", 80)
                .add("data", Base64.getEncoder().encodeToString(data))
                .build();
    }

    /** This document with one field set to another value. */
    public static JsonObject with(JsonObject document, String field, JsonValue value) {
        return Json.createObjectBuilder(document).add(field, value).build();
    }

    /** This document with one field set to a text. */
    public static JsonObject with(JsonObject document, String field, String value) {
        return with(document, field, Json.createValue(value));
    }

    /** This document without one field. */
    public static JsonObject without(JsonObject document, String field) {
        JsonObjectBuilder rest = Json.createObjectBuilder(document);
        return rest.remove(field).build();
    }

    /** Bytes that do not compress; the same seed gives the same bytes. */
    public static byte[] noise(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}
