package org.templatevault.tracing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes that a span may name: those of the API's own document. The server names whatever a servlet was found for,
 * which outside of the API can be the path that somebody asked for.
 */
final class Routes {
    private static final String BASE = "/api/v1";
    private static final Pattern PATH_OF_THE_DOCUMENT = Pattern.compile("  (/\\S*):");
    private static final Pattern PARAMETER = Pattern.compile("\\{\\s*(\\w+)\\s*:[^/]*?\\}(?=[/:]|$)");

    private final Set<String> known;

    Routes(Set<String> known) {
        this.known = Set.copyOf(known);
    }

    /** Those that the OpenAPI document in the application names. */
    static Routes ofTheApi() {
        try (InputStream document = Objects.requireNonNull(Routes.class.getResourceAsStream("/openapi.yaml"));
                BufferedReader lines = new BufferedReader(new InputStreamReader(document, StandardCharsets.UTF_8))) {
            return new Routes(lines.lines()
                    .map(PATH_OF_THE_DOCUMENT::matcher)
                    .filter(java.util.regex.Matcher::matches)
                    .map(path -> BASE + path.group(1))
                    .collect(Collectors.toSet()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The route that this is, without the patterns of its parameters; null if it is none of the API. */
    @Nullable String named(@Nullable String template) {
        if (template == null) {
            return null;
        }
        String route = PARAMETER.matcher(template).replaceAll("{$1}");
        return known.contains(route) ? route : null;
    }
}
