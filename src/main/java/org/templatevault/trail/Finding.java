package org.templatevault.trail;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Something that is not as the trail says, named.
 *
 * @param kind what happened, such as {@code entry-changed}
 * @param where what it happened to: block, position, entry, subject, template, version
 */
public record Finding(String kind, Map<String, String> where) {
    static Finding of(String kind, @Nullable Object... namesAndValues) {
        Map<String, String> where = new TreeMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            where.put(String.valueOf(namesAndValues[i]), String.valueOf(namesAndValues[i + 1]));
        }
        return new Finding(kind, where);
    }
}
