package org.templatevault.envelope;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Suite;

/**
 * Every way to change one component of a record, found by reflection: a component added later cannot be forgotten, and
 * one of a type that this does not know fails.
 */
final class ChangedRecord {
    private ChangedRecord() {}

    /** Copies that differ in exactly one component (of a nested record too), by what was changed. */
    static <R extends Record> Map<String, R> oneByOne(R original) {
        Map<String, R> changed = new LinkedHashMap<>();
        RecordComponent[] components = original.getClass().getRecordComponents();
        for (int i = 0; i < components.length; i++) {
            for (@Nullable Object other : others(components[i], valueOf(components[i], original))) {
                changed.put(components[i].getName() + " = " + other, with(original, i, other));
            }
        }
        return changed;
    }

    private static List<@Nullable Object> others(RecordComponent component, @Nullable Object value) {
        List<@Nullable Object> others = new ArrayList<>();
        if (value == null) {
            others.addAll(component.getType() == String.class ? List.of("", "x") : List.of(0, 1));
            return others;
        }
        others.addAll(othersOf(value));
        if (component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
            others.add(null);
        }
        return others;
    }

    private static List<?> othersOf(Object value) {
        if (value instanceof UUID id) {
            return List.of(
                    new UUID(id.getMostSignificantBits() ^ 1, id.getLeastSignificantBits()),
                    new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits() ^ 1));
        } else if (value instanceof String text) {
            return List.of("", text + "x", text.toLowerCase(Locale.ROOT) + " ");
        } else if (value instanceof Integer number) {
            return List.of(number + 1, number - 1, -number, number ^ 1 << 31);
        } else if (value instanceof Instant instant) {
            return List.of(instant.plus(1, ChronoUnit.MICROS), instant.minus(1, ChronoUnit.MICROS));
        } else if (value instanceof Suite suite) {
            return Arrays.stream(Suite.values()).filter(other -> other != suite).toList();
        } else if (value instanceof Record nested) {
            return List.copyOf(oneByOne(nested).values());
        }
        throw new AssertionError("no way known to change a " + value.getClass());
    }

    private static @Nullable Object valueOf(RecordComponent component, Record original) {
        try {
            return component.getAccessor().invoke(original);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    @SuppressWarnings("unchecked")
    private static <R extends Record> R with(R original, int index, @Nullable Object value) {
        RecordComponent[] components = original.getClass().getRecordComponents();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        @Nullable Object[] values = new @Nullable Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = i == index ? value : valueOf(components[i], original);
        }
        try {
            Constructor<?> canonical = original.getClass().getDeclaredConstructor(types);
            return (R) canonical.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
