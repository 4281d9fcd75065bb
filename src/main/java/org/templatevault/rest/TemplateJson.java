package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Templates;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.NewTemplate;
import org.templatevault.vault.TemplateVault.Opened;

/** The JSON shapes of a template, in and out. */
final class TemplateJson {
    private static final Set<String> FIELDS =
            Set.of("modality", "position", "format", "extractor", "quality", "attributes", "data", "subject", "policy");

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private TemplateJson() {}

    /**
     * A template from its JSON.
     *
     * @throws InvalidTemplateException naming the field that is missing, of another type, or unknown
     */
    static NewTemplate read(JsonObject json) {
        if (!FIELDS.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "template",
                    "has only the fields " + FIELDS.stream().sorted().toList());
        }
        JsonObject extractor = object(json, "extractor");
        if (extractor != null && !Set.of("name", "version").containsAll(extractor.keySet())) {
            throw InvalidTemplateException.field("extractor", "has only name and version");
        }
        TemplateAttributes attributes = new TemplateAttributes(
                required(json, "modality"),
                text(json, "position", "position"),
                required(json, "format"),
                quality(json),
                extractor == null ? null : text(extractor, "name", "extractor.name"),
                extractor == null ? null : text(extractor, "version", "extractor.version"));
        return new NewTemplate(attributes, payload(json), text(json, "policy", "policy"));
    }

    private static Payload payload(JsonObject json) {
        JsonObject free = object(json, "attributes");
        byte[] attributes = free == null ? null : free.toString().getBytes(StandardCharsets.UTF_8);
        if (attributes != null && attributes.length > Payload.MAX_ATTRIBUTES_BYTES) {
            throw InvalidTemplateException.field("attributes", "at most " + Payload.MAX_ATTRIBUTES_BYTES + " bytes");
        }
        byte[] data = base64(required(json, "data"));
        if (data.length == 0) {
            throw InvalidTemplateException.field("data", "at least 1 byte");
        }
        if (data.length > Payload.MAX_TEMPLATE_BYTES) {
            throw InvalidTemplateException.tooLarge(Payload.MAX_TEMPLATE_BYTES);
        }
        return new Payload(data, attributes);
    }

    private static byte[] base64(String text) {
        if (text.length() % 4 != 0) {
            throw InvalidTemplateException.field("data", "standard base64 with padding");
        }
        try {
            return Base64.getDecoder().decode(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException notBase64) {
            throw InvalidTemplateException.field("data", "standard base64 with padding");
        }
    }

    /** True or false; false where it is absent. */
    static boolean flag(JsonObject json, String field) {
        JsonValue value = json.getOrDefault(field, JsonValue.FALSE);
        if (value != JsonValue.TRUE && value != JsonValue.FALSE) {
            throw InvalidTemplateException.field(field, "true or false");
        }
        return value == JsonValue.TRUE;
    }

    static UUID uuid(JsonObject json, String field) {
        String value = required(json, field);
        if (!value.matches(Api.UUID_PATTERN)) {
            throw InvalidTemplateException.field(field, "a UUID");
        }
        return UUID.fromString(value);
    }

    static String required(JsonObject json, String field) {
        String value = text(json, field, field);
        if (value == null) {
            throw InvalidTemplateException.field(field, "required");
        }
        return value;
    }

    static @Nullable String text(JsonObject json, String key, String field) {
        JsonValue value = json.get(key);
        if (value == null || value == JsonValue.NULL) {
            return null;
        }
        if (value instanceof JsonString string) {
            return string.getString();
        }
        throw InvalidTemplateException.field(field, "a string");
    }

    static @Nullable Integer integer(JsonObject json, String field) {
        JsonValue value = json.get(field);
        if (value == null || value == JsonValue.NULL) {
            return null;
        }
        try {
            if (value instanceof JsonNumber number && number.isIntegral()) {
                return number.intValueExact();
            }
        } catch (ArithmeticException outOfRange) {
            throw InvalidTemplateException.field(field, "a whole number in range");
        }
        throw InvalidTemplateException.field(field, "a whole number");
    }

    private static @Nullable Integer quality(JsonObject json) {
        return integer(json, "quality");
    }

    private static @Nullable JsonObject object(JsonObject json, String field) {
        JsonValue value = json.get(field);
        if (value == null || value == JsonValue.NULL) {
            return null;
        }
        if (value instanceof JsonObject object) {
            return object;
        }
        throw InvalidTemplateException.field(field, "an object");
    }

    /** The open columns of a template, never its data. */
    static JsonObjectBuilder metadata(Templates.Metadata metadata) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("subject", metadata.subjectId().toString())
                .add("template", metadata.id().toString())
                .add("version", metadata.version())
                .add("keyVersion", metadata.kekVersion())
                .add("suite", metadata.dataSuite())
                .add("modality", metadata.modality());
        if (metadata.position() != null) {
            json.add("position", metadata.position());
        }
        json.add("format", metadata.format());
        if (metadata.extractorName() != null) {
            JsonObjectBuilder extractor = Json.createObjectBuilder().add("name", metadata.extractorName());
            if (metadata.extractorVersion() != null) {
                extractor.add("version", metadata.extractorVersion());
            }
            json.add("extractor", extractor);
        }
        if (metadata.quality() != null) {
            json.add("quality", metadata.quality());
        }
        return json.add("createdAt", metadata.createdAt().toString()).add("createdBy", metadata.createdBy());
    }

    /** A template with its data and free attributes. */
    static JsonObjectBuilder content(Opened opened) {
        JsonObjectBuilder json = metadata(opened.metadata());
        byte[] attributes = opened.payload().attributesJson();
        if (attributes != null) {
            json.add("attributes", parse(attributes));
        }
        return json.add(
                "data", Base64.getEncoder().encodeToString(opened.payload().template()));
    }

    /**
     * A parser of a body, which is UTF-8 with or without a byte order mark (RFC 8259, section 8.1); it ends at anything
     * else with a {@link JsonException}, so that two texts never become one.
     */
    static JsonParser parser(InputStream body) throws IOException {
        PushbackInputStream bytes = new PushbackInputStream(body, BYTE_ORDER_MARK.length);
        byte[] first = bytes.readNBytes(BYTE_ORDER_MARK.length);
        if (!Arrays.equals(first, BYTE_ORDER_MARK)) {
            bytes.unread(first);
        }
        return Json.createParser(new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()));
    }

    static JsonObject parse(byte[] body) {
        try (JsonParser parser = parser(new ByteArrayInputStream(body))) {
            if (parser.next() != JsonParser.Event.START_OBJECT) {
                throw malformed();
            }
            JsonObject object = object(parser);
            if (parser.hasNext()) {
                throw malformed();
            }
            return object;
        } catch (JsonException | NoSuchElementException | IOException notAnObject) {
            throw malformed();
        }
    }

    /**
     * The object that the parser has just entered; its names and texts have a form in UTF-8. Nesting past the parser's
     * limit is a bare RuntimeException.
     */
    static JsonObject object(JsonParser parser) {
        try {
            JsonObject object = parser.getObject();
            requireText(object);
            return object;
        } catch (JsonException | VaultException notAnObjectOrTooLarge) {
            throw notAnObjectOrTooLarge;
        } catch (RuntimeException tooDeep) {
            throw malformed();
        }
    }

    private static void requireText(JsonValue value) {
        switch (value.getValueType()) {
            case STRING -> requireText(((JsonString) value).getString());
            case ARRAY -> value.asJsonArray().forEach(TemplateJson::requireText);
            case OBJECT ->
                value.asJsonObject().forEach((name, member) -> {
                    requireText(name);
                    requireText(member);
                });
            default -> {}
        }
    }

    /** An escape can name half a surrogate pair (RFC 8259, section 8.2), which {@code getBytes} would replace. */
    private static void requireText(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    throw malformed();
                }
                i++;
            }
        }
    }

    static VaultException malformed() {
        return new VaultException(ErrorKind.MALFORMED, "malformed-json", "The body is not the JSON that this takes");
    }
}
