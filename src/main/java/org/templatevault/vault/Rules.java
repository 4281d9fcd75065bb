package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;

/** What a template and a subject's id must look like. */
@ApplicationScoped
public class Rules {
    private static final List<String> FINGERS = Stream.of("RIGHT", "LEFT")
            .flatMap(hand ->
                    Stream.of("THUMB", "INDEX", "MIDDLE", "RING", "LITTLE").map(finger -> hand + "_" + finger))
            .toList();
    private static final List<String> SIDES = List.of("RIGHT", "LEFT");
    /** The modalities of ISO/IEC 24745 and the positions that each has. */
    private static final Map<String, List<String>> MODALITIES = Map.of(
            "FINGERPRINT", Stream.concat(FINGERS.stream(), Stream.of("UNKNOWN")).toList(),
            "IRIS", Stream.concat(SIDES.stream(), Stream.of("UNKNOWN")).toList(),
            "PALM", SIDES,
            "VEIN", Stream.concat(SIDES.stream(), FINGERS.stream()).toList(),
            "FACE", List.of(),
            "VOICE", List.of(),
            "OTHER", List.of());

    private static final Pattern EXTRACTOR = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._+/-]{0,99}");

    @Inject
    Settings settings;

    /**
     * Checks everything about a template that the caller chose.
     *
     * @throws InvalidTemplateException naming the field
     */
    public void check(NewTemplate template) {
        TemplateAttributes attributes = template.attributes();
        checkModality(attributes.modality(), attributes.position());
        if (!settings.formats().contains(attributes.format())) {
            throw InvalidTemplateException.field(
                    "format", "not a known format; OPAQUE takes any bytes, VAULT_FORMATS adds names");
        }
        Integer quality = attributes.quality();
        if (quality != null && (quality < 0 || quality > 100)) {
            throw InvalidTemplateException.field("quality", "0 to 100, or absent");
        }
        checkExtractor("extractor.name", attributes.extractorName());
        checkExtractor("extractor.version", attributes.extractorVersion());
        if (attributes.extractorName() == null && attributes.extractorVersion() != null) {
            throw InvalidTemplateException.field("extractor.name", "required beside extractor.version");
        }
        checkPayload(template.payload());
    }

    private void checkPayload(Payload payload) {
        if (payload.template().length == 0) {
            throw InvalidTemplateException.field("data", "at least 1 byte");
        }
        if (payload.template().length > settings.templateMaxBytes()) {
            throw InvalidTemplateException.tooLarge(settings.templateMaxBytes());
        }
    }

    private static void checkModality(String modality, @Nullable String position) {
        List<String> positions = MODALITIES.get(modality);
        if (positions == null) {
            throw InvalidTemplateException.field("modality", "one of " + sorted(MODALITIES.keySet()));
        }
        if (position != null && !positions.contains(position)) {
            throw InvalidTemplateException.field(
                    "position",
                    positions.isEmpty() ? "absent for this modality" : "one of " + positions + ", or absent");
        }
    }

    private static void checkExtractor(String field, @Nullable String value) {
        if (value != null && !EXTRACTOR.matcher(value).matches()) {
            throw InvalidTemplateException.field(field, "1 to 100 letters, digits, spaces and ._+/-");
        }
    }

    private static String sorted(Set<String> names) {
        return names.stream().sorted().collect(Collectors.joining(", "));
    }

    /** The modality, if it is one. */
    public String modality(String name) {
        checkModality(name, null);
        return name;
    }

    /**
     * A new subject's id as the caller made it.
     *
     * @throws InvalidTemplateException unless it is a UUID of version 4 or 7 (RFC 9562)
     */
    void checkNewSubject(UUID subject) {
        boolean allowed = subject.variant() == 2 && (subject.version() == 4 || subject.version() == 7);
        if (!allowed) {
            throw InvalidTemplateException.field("subject", "a UUID of version 4 or 7");
        }
    }
}
