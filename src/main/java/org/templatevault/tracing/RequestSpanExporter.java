package org.templatevault.tracing;

import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.List;

/** Hands on the spans of requests, each as a {@link RequestSpan}, and no others. */
final class RequestSpanExporter implements SpanExporter {
    private final SpanExporter exporter;
    private final Routes routes;

    RequestSpanExporter(SpanExporter exporter, Routes routes) {
        this.exporter = exporter;
        this.routes = routes;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        List<SpanData> requests = spans.stream()
                .filter(span -> span.getKind() == SpanKind.SERVER)
                .<SpanData>map(span -> new RequestSpan(span, routes))
                .toList();
        return requests.isEmpty() ? CompletableResultCode.ofSuccess() : exporter.export(requests);
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
