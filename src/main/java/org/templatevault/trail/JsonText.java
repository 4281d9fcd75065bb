package org.templatevault.trail;

import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReaderFactory;
import jakarta.json.spi.JsonProvider;
import java.io.StringReader;
import java.util.Map;
import java.util.Optional;

/** Reads the lines of the trail. The provider is looked up once: looking it up for each of a million lines takes longer. */
final class JsonText {
    private static final JsonReaderFactory READERS = JsonProvider.provider().createReaderFactory(Map.of());

    private JsonText() {}

    /** @throws JsonException if the text is not an object */
    static JsonObject object(String text) {
        try (var reader = READERS.createReader(new StringReader(text))) {
            return reader.readObject();
        }
    }

    /** The object, or nothing if the text is none. */
    static Optional<JsonObject> find(String text) {
        try {
            return Optional.of(object(text));
        } catch (RuntimeException notAnObject) { // what is nested too deep is no JsonException
            return Optional.empty();
        }
    }
}
