package org.templatevault.client;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Why the vault refused (RFC 9457).
 *
 * @param status of the answer, or of an item of a batch
 * @param fields the fields at fault, each with what is wrong with it
 * @param document as it came, or what is known where none came
 */
public record Problem(int status, String code, String title, String detail, List<String> fields, JsonObject document) {
    /** An answer's problem; where the answer has no problem document, the status is all that is known. */
    static Problem of(int status, String body) {
        try (var reader = Json.createReader(new StringReader(body))) {
            JsonObject document = reader.readObject();
            return document.containsKey("code") ? of(status, document) : unknown(status, document);
        } catch (JsonException notJson) {
            return unknown(status, JsonObject.EMPTY_JSON_OBJECT);
        }
    }

    /** The problem in a document. */
    public static Problem of(int status, JsonObject document) {
        return new Problem(
                status,
                document.getString("code", "http-" + status),
                document.getString("title", ""),
                document.getString("detail", ""),
                fields(document),
                document);
    }

    /** A problem that the client found itself. */
    public static Problem found(int status, String code, String title) {
        return of(
                status,
                Json.createObjectBuilder()
                        .add("status", status)
                        .add("code", code)
                        .add("title", title)
                        .build());
    }

    private static Problem unknown(int status, JsonObject document) {
        return new Problem(status, "http-" + status, "The server answered " + status, "", List.of(), document);
    }

    private static List<String> fields(JsonObject document) {
        JsonValue errors = document.get("errors");
        if (errors == null || errors.getValueType() != JsonValue.ValueType.ARRAY) {
            return List.of();
        }
        return errors.asJsonArray().getValuesAs(JsonObject.class).stream()
                .map(error -> error.getString("field", "") + ": " + error.getString("message", ""))
                .toList();
    }

    /** The document, or its place in the same form where none came. */
    public JsonObject json() {
        return document.containsKey("code")
                ? document
                : found(status, code, title).document();
    }

    /** {@code code: title. detail (field: message)}, and the incident or the receipt where the document has one. */
    public String text() {
        StringBuilder text = new StringBuilder(code).append(": ").append(sentence(title));
        if (!detail.isEmpty() && !detail.equals(title)) {
            text.append(' ').append(sentence(detail));
        }
        if (!fields.isEmpty()) {
            text.append(fields.stream().collect(Collectors.joining("; ", " (", ")")));
        }
        if (document.containsKey("incident")) {
            text.append(" Incident ").append(document.getString("incident")).append('.');
        }
        if (document.containsKey("receipt")) {
            text.append(" Receipt: ").append(document.getString("receipt"));
        }
        return text.toString();
    }

    private static String sentence(String text) {
        return text.isEmpty() || text.endsWith(".") ? text : text + ".";
    }
}
