package org.templatevault.rest;

import jakarta.ws.rs.core.MultivaluedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.NewTemplate;

/** The attributes of a template that comes as bare bytes: query parameters. */
final class TemplateQuery {
    private static final Set<String> PARAMETERS =
            Set.of("modality", "position", "format", "quality", "extractorName", "extractorVersion", "policy");

    private TemplateQuery() {}

    static NewTemplate read(MultivaluedMap<String, String> query, byte[] data) {
        if (!PARAMETERS.containsAll(query.keySet())) {
            throw InvalidTemplateException.field(
                    "query",
                    "has only the parameters " + PARAMETERS.stream().sorted().toList());
        }
        if (data.length == 0) {
            throw InvalidTemplateException.field("data", "at least 1 byte");
        }
        TemplateAttributes attributes = new TemplateAttributes(
                required(query, "modality"),
                query.getFirst("position"),
                required(query, "format"),
                number("quality", query.getFirst("quality")),
                query.getFirst("extractorName"),
                query.getFirst("extractorVersion"));
        return new NewTemplate(attributes, new Payload(data, null), query.getFirst("policy"));
    }

    static @Nullable Integer version(@Nullable String value) {
        return number("version", value);
    }

    private static String required(MultivaluedMap<String, String> query, String name) {
        String value = query.getFirst(name);
        if (value == null) {
            throw InvalidTemplateException.field(name, "required");
        }
        return value;
    }

    private static @Nullable Integer number(String field, @Nullable String value) {
        if (value == null) {
            return null;
        }
        if (!value.matches("-?[0-9]{1,9}")) {
            throw InvalidTemplateException.field(field, "a whole number");
        }
        return Integer.valueOf(value);
    }
}
