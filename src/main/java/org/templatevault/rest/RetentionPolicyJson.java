package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.DateTimeException;
import java.time.Period;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Policies.Terms;
import org.templatevault.persistence.Policies.Version;
import org.templatevault.vault.InvalidTemplateException;

/** The JSON shapes of a retention policy, in and out. */
final class RetentionPolicyJson {
    private static final Set<String> FIELDS = Set.of("purpose", "legalBasis", "maxAge", "maxIdle", "versionsKept");

    private RetentionPolicyJson() {}

    static Terms read(JsonObject json) {
        if (!FIELDS.containsAll(json.keySet())) {
            throw InvalidTemplateException.field(
                    "policy", "has only the fields " + FIELDS.stream().sorted().toList());
        }
        return new Terms(
                TemplateJson.required(json, "purpose"),
                TemplateJson.required(json, "legalBasis"),
                period(json, "maxAge"),
                period(json, "maxIdle"),
                TemplateJson.integer(json, "versionsKept"));
    }

    static @Nullable Period period(JsonObject json, String field) {
        String text = TemplateJson.text(json, field, field);
        try {
            return text == null ? null : Period.parse(text);
        } catch (DateTimeException | ArithmeticException notAPeriod) {
            throw InvalidTemplateException.field(
                    field, "an ISO 8601 period of years, months, weeks or days, such as P3Y");
        }
    }

    /** What everybody may know of a version. */
    static JsonObjectBuilder published(Version version) {
        Terms terms = version.terms();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("name", version.name())
                .add("version", version.version())
                .add("purpose", terms.purpose())
                .add("legalBasis", terms.legalBasis());
        if (terms.maxAge() != null) {
            json.add("maxAge", terms.maxAge().toString());
        }
        if (terms.maxIdle() != null) {
            json.add("maxIdle", terms.maxIdle().toString());
        }
        if (terms.versionsKept() != null) {
            json.add("versionsKept", terms.versionsKept());
        }
        return json.add("publishedAt", version.publishedAt().toString())
                .add("inForceAt", version.inForceAt().toString())
                .add("inForce", version.inForce());
    }

    static JsonObjectBuilder json(Version version) {
        JsonObjectBuilder json = published(version).add("publishedBy", version.publishedBy());
        if (version.approvalId() != null) {
            json.add("approval", version.approvalId().toString());
        }
        return json;
    }
}
