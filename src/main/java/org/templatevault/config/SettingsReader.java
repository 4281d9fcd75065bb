package org.templatevault.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Reads settings by name and collects everything that is wrong with them, so that one start reports all of it. */
final class SettingsReader {
    private final Function<String, Optional<String>> source;
    private final List<String> problems = new ArrayList<>();

    SettingsReader(Function<String, Optional<String>> source) {
        this.source = source;
    }

    String required(String name, String meaning) {
        Optional<String> value = optional(name);
        if (value.isEmpty()) {
            problems.add(name + " is not set (" + meaning + ")");
        }
        return value.orElse("");
    }

    Optional<String> optional(String name) {
        return source.apply(name).map(String::trim).filter(value -> !value.isEmpty());
    }

    /** A required value of this form; the message does not repeat one of another form. */
    String matching(String name, String meaning, String pattern) {
        String value = required(name, meaning);
        if (!value.isEmpty() && !value.matches(pattern)) {
            problems.add(name + " must be " + meaning + ", of the form " + pattern);
        }
        return value;
    }

    boolean any(String... names) {
        return Arrays.stream(names).anyMatch(name -> optional(name).isPresent());
    }

    long number(String name, long byDefault, long least, long most) {
        Optional<String> value = optional(name);
        if (value.isEmpty()) {
            return byDefault;
        }
        try {
            long number = Long.parseLong(value.get());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // reported below, like a number out of range
        }
        problems.add(name + " must be a whole number from " + least + " to " + most + ", not \"" + value.get() + '"');
        return byDefault;
    }

    boolean flag(String name) {
        String value = optional(name).orElse("false");
        if (!value.equals("true") && !value.equals("false")) {
            problems.add(name + " must be true or false, not \"" + value + '"');
        }
        return value.equals("true");
    }

    String oneOf(String name, String byDefault, List<String> allowed) {
        String value = optional(name).orElse(byDefault);
        if (!allowed.contains(value)) {
            problems.add(name + " must be one of " + allowed + ", not \"" + value + '"');
        }
        return value;
    }

    List<String> names(String name, List<String> byDefault, String pattern) {
        List<String> values = optional(name)
                .map(value -> Arrays.stream(value.split(",")).map(String::trim).toList())
                .orElse(byDefault);
        for (String value : values) {
            if (!value.matches(pattern)) {
                problems.add(name + " holds \"" + value + "\", which does not match " + pattern);
            }
        }
        return values;
    }

    void refuse(String problem) {
        problems.add(problem);
    }

    void check() {
        if (!problems.isEmpty()) {
            throw new InvalidSettingsException(problems);
        }
    }
}
