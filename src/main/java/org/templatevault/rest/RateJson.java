package org.templatevault.rest;

import jakarta.json.JsonObject;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.vault.InvalidTemplateException;

/** A new rate of a job that is under way, and nothing else. */
final class RateJson {
    private RateJson() {}

    /** The rate; null for no limit. */
    static @Nullable Integer read(byte[] body) {
        JsonObject json = TemplateJson.parse(body);
        if (!json.keySet().equals(Set.of("rate"))) {
            throw InvalidTemplateException.field("rate", "required, and nothing else; null for no limit");
        }
        return TemplateJson.integer(json, "rate");
    }
}
