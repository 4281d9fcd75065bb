package org.templatevault.rest;

import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/**
 * Reads {@code {"atomic":…,"items":[…]}} as a stream: one item is in memory as JSON at a time, and becomes what the
 * caller makes of it before the next is read. A syntax error anywhere is 400, whatever was read before it.
 *
 * @param <T> what an item becomes
 */
final class BatchBody<T> {
    /** The most items of one batch. */
    static final int MAX_ITEMS = 1000;
    /** The most bytes of a body with templates: 16 MiB of them in base64, and the fields around them. */
    static final long TEMPLATES_BYTES = 24L << 20;
    /** The most bytes of a body with addresses only, which is read without a turn: a value is in memory as a whole. */
    static final long ADDRESSES_BYTES = 1L << 20;

    private final long mostBytes;
    private final Function<JsonObject, T> reader;
    private final MessageDigest digest = Conditions.sha256();
    private final List<T> items = new ArrayList<>();
    private boolean atomic;

    BatchBody(long mostBytes, Function<JsonObject, T> reader) {
        this.mostBytes = mostBytes;
        this.reader = reader;
    }

    void read(InputStream body) {
        try (InputStream in = new DigestInputStream(new BoundedInput(body, mostBytes), digest);
                JsonParser parser = TemplateJson.parser(in)) {
            expect(parser, Event.START_OBJECT);
            boolean seenItems = false;
            for (Event event = parser.next(); event != Event.END_OBJECT; event = parser.next()) {
                switch (parser.getString()) {
                    case "atomic" -> readAtomic(parser);
                    case "items" -> {
                        readItems(parser);
                        seenItems = true;
                    }
                    default -> throw TemplateJson.malformed();
                }
            }
            requireEnd(parser);
            if (!seenItems || items.isEmpty()) {
                throw count();
            }
        } catch (JsonException | java.util.NoSuchElementException syntaxError) {
            throw vaultCause(syntaxError);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireEnd(JsonParser parser) {
        if (parser.hasNext()) {
            throw TemplateJson.malformed();
        }
    }

    /** The parser wraps what the stream below it throws. */
    private static VaultException vaultCause(RuntimeException failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof VaultException known) {
                return known;
            }
        }
        return TemplateJson.malformed();
    }

    private void readAtomic(JsonParser parser) {
        Event event = parser.next();
        if (event != Event.VALUE_TRUE && event != Event.VALUE_FALSE) {
            throw TemplateJson.malformed();
        }
        atomic = event == Event.VALUE_TRUE;
    }

    private void readItems(JsonParser parser) {
        expect(parser, Event.START_ARRAY);
        for (Event event = parser.next(); event != Event.END_ARRAY; event = parser.next()) {
            if (event != Event.START_OBJECT) {
                throw TemplateJson.malformed();
            }
            if (items.size() == MAX_ITEMS) {
                throw count();
            }
            items.add(reader.apply(TemplateJson.object(parser)));
        }
    }

    private static void expect(JsonParser parser, Event expected) {
        if (parser.next() != expected) {
            throw TemplateJson.malformed();
        }
    }

    private static VaultException count() {
        return new VaultException(
                ErrorKind.INVALID, "invalid-field", "items: 1 to " + MAX_ITEMS + " items", "items", null);
    }

    List<T> items() {
        return items;
    }

    boolean isAtomic() {
        return atomic;
    }

    byte[] digest() {
        return digest.digest();
    }
}
