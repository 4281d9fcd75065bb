package org.templatevault.trail;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Writes one line of JSON: the members in the order in which they are added, no space, every character but printable
 * ASCII escaped. What is absent is left out. For one thread.
 */
final class JsonLine {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder out = new StringBuilder(512).append('{');

    JsonLine add(String name, @Nullable String value) {
        if (value != null) {
            name(name);
            quote(value);
        }
        return this;
    }

    JsonLine add(String name, @Nullable Number value) {
        if (value != null) {
            name(name);
            out.append(value);
        }
        return this;
    }

    JsonLine add(String name, JsonLine object) {
        name(name);
        out.append(object);
        return this;
    }

    JsonLine add(String name, Collection<?> texts) {
        name(name);
        out.append('[');
        String comma = "";
        for (Object text : texts) {
            out.append(comma);
            comma = ",";
            if (text instanceof JsonLine object) {
                out.append(object);
            } else {
                quote(String.valueOf(text));
            }
        }
        out.append(']');
        return this;
    }

    private void name(String name) {
        if (out.length() > 1) {
            out.append(',');
        }
        quote(name);
        out.append(':');
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                out.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    out.append(HEX.charAt(c >> shift & 15));
                }
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** The line, without its end. */
    @Override
    public String toString() {
        return out + "}";
    }
}
