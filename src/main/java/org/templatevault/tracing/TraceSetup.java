package org.templatevault.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.autoconfigure.spi.AutoConfigurationCustomizer;
import io.opentelemetry.sdk.autoconfigure.spi.AutoConfigurationCustomizerProvider;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.resources.ResourceBuilder;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * Sets the server's OpenTelemetry up: the collector that {@code VAULT_OTLP_ENDPOINT} names, spans and nothing else, and the
 * list before the exporter. What is set here wins over variables {@code OTEL_…}; headers, certificates and the sampler are
 * left to those.
 */
public final class TraceSetup implements AutoConfigurationCustomizerProvider {
    /** Of what describes the process, the names that an operator gives. */
    private static final Set<String> RESOURCE =
            Set.of("service.name", "service.namespace", "deployment.environment", "deployment.environment.name");

    @Override
    public void customize(AutoConfigurationCustomizer setup) {
        Config config = ConfigProvider.getConfig();
        String endpoint = config.getValue("VAULT_OTLP_ENDPOINT", String.class).trim();
        Resource resource = Resource.builder()
                .put("service.instance.id", config.getValue("VAULT_NODE", String.class))
                .build();
        Routes routes = Routes.ofTheApi();
        setup.addPropertiesCustomizer(given -> properties(given, endpoint))
                .addResourceCustomizer((found, given) -> named(found).merge(resource))
                .addSpanExporterCustomizer((exporter, given) -> new RequestSpanExporter(exporter, routes));
    }

    /**
     * A file of configuration would bring exporters of its own, past the list. A collector that is away is tried once for
     * each batch, so that a server which stops does not wait long for it.
     */
    private static Map<String, String> properties(ConfigProperties given, String endpoint) {
        return Map.of(
                "otel.experimental.config.file", "",
                "otel.service.name", given.getString("otel.service.name", "template-vault"),
                "otel.traces.exporter", "otlp",
                "otel.metrics.exporter", "none",
                "otel.logs.exporter", "none",
                "otel.propagators", "tracecontext",
                "otel.exporter.otlp.traces.protocol", "http/protobuf",
                "otel.exporter.otlp.traces.endpoint", endpoint.replaceFirst("/+$", "") + "/v1/traces",
                "otel.exporter.otlp.traces.timeout", "5000",
                "otel.java.exporter.otlp.retry.disabled", "true");
    }

    private static Resource named(Resource found) {
        ResourceBuilder names = Resource.builder();
        found.getAttributes().forEach((key, value) -> {
            if (RESOURCE.contains(key.getKey()) && value instanceof String text) {
                names.put(AttributeKey.stringKey(key.getKey()), text);
            }
        });
        return names.build();
    }
}
