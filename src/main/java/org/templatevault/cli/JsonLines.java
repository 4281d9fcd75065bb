package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;

/** Reads lines of JSON. */
final class JsonLines {
    private JsonLines() {}

    /**
     * The object that a line is.
     *
     * @throws IllegalArgumentException if it is none, or more than one: what would follow the first must not be passed over
     */
    static JsonObject object(String line) {
        try (var parser = Json.createParser(new StringReader(line))) {
            parser.next();
            JsonObject object = parser.getObject();
            if (parser.hasNext()) {
                throw new IllegalArgumentException("more than one object of JSON");
            }
            return object;
        } catch (RuntimeException e) { // of many kinds; for too deep a nesting a bare one
            throw new IllegalArgumentException("not an object of JSON", e);
        }
    }
}
