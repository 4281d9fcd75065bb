package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a template is, beside its bytes. The vault decides whether it is right. */
final class TemplateOptions {
    @Option(
            names = "--modality",
            paramLabel = "NAME",
            description = "FINGERPRINT, FACE, IRIS, VOICE, PALM, VEIN or OTHER")
    @Nullable String modality;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            description = "such as ISO_19794_2_2005, ANSI_378_2004, FLOAT32_VECTOR, OPAQUE")
    @Nullable String format;

    @Option(names = "--position", paramLabel = "NAME", description = "such as RIGHT_INDEX, LEFT")
    @Nullable String position;

    @Option(names = "--quality", paramLabel = "N", description = "0 to 100")
    @Nullable Integer quality;

    @Option(names = "--extractor-name", paramLabel = "NAME", description = "what made the template")
    @Nullable String extractorName;

    @Option(names = "--extractor-version", paramLabel = "VERSION", description = "and in which version")
    @Nullable String extractorVersion;

    @Option(names = "--policy", paramLabel = "NAME", description = "retention policy of a new subject")
    @Nullable String policy;

    /** For a template that is sent as bare bytes. */
    String query() {
        Map<String, String> given = new LinkedHashMap<>();
        put(given, "modality", modality);
        put(given, "format", format);
        put(given, "position", position);
        put(given, "quality", quality);
        put(given, "extractorName", extractorName);
        put(given, "extractorVersion", extractorVersion);
        put(given, "policy", policy);
        return given.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    private static void put(Map<String, String> given, String name, @Nullable Object value) {
        if (value != null) {
            given.put(name, value.toString());
        }
    }

    /** For a template in a batch. */
    JsonObject json() {
        JsonObjectBuilder json = Json.createObjectBuilder();
        add(json, "modality", modality);
        add(json, "format", format);
        add(json, "position", position);
        if (quality != null) {
            json.add("quality", quality);
        }
        if (extractorName != null || extractorVersion != null) {
            JsonObjectBuilder extractor = Json.createObjectBuilder();
            add(extractor, "name", extractorName);
            add(extractor, "version", extractorVersion);
            json.add("extractor", extractor);
        }
        add(json, "policy", policy);
        return json.build();
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable String value) {
        if (value != null) {
            json.add(name, value);
        }
    }
}
