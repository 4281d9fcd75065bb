package org.templatevault.config;

import java.util.List;

/** Where traces go. The server's OpenTelemetry reads it; here it is only checked. */
final class TraceTarget {
    private static final String ENDPOINT = "VAULT_OTLP_ENDPOINT";
    private static final String ADDRESS = "https?://[^/\\s@?#]+(/[^\\s?#]*)?";

    private TraceTarget() {}

    static void check(SettingsReader reader) {
        boolean on = reader.oneOf("VAULT_TRACING", "off", List.of("off", "on")).equals("on");
        if (!on) {
            if (reader.any(ENDPOINT)) {
                reader.refuse(ENDPOINT + " is set, but VAULT_TRACING is not on");
            }
            return;
        }
        String endpoint = reader.required(ENDPOINT, "the collector, such as http://collector.example:4318");
        if (!endpoint.isEmpty() && !endpoint.matches(ADDRESS)) {
            reader.refuse(ENDPOINT + " must be an http or https address without a password in it");
        }
        if (reader.optional("vault.tracing").isEmpty()) {
            reader.refuse("VAULT_TRACING must be a variable of the environment, nothing else");
        }
    }
}
