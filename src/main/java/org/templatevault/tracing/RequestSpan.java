package org.templatevault.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request's span as it leaves: route, method, status, the two times, and its place in the trace.
 *
 * <p>Made anew of what may leave, not of everything less what may not: the name that the server gave, other attributes,
 * events (an exception's message), links, a status's description and the caller's {@code tracestate} have no way in.
 * Names of attributes are those of OpenTelemetry's semantic conventions for HTTP.
 */
final class RequestSpan implements SpanData {
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final InstrumentationScopeInfo SCOPE = InstrumentationScopeInfo.create("org.templatevault");
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

    private final SpanData span;
    private final Attributes attributes;
    private final String name;

    RequestSpan(SpanData span, Routes routes) {
        this.span = span;
        String given = span.getAttributes().get(METHOD);
        String method = given != null && METHODS.contains(given) ? given : "_OTHER";
        String route = routes.named(span.getAttributes().get(ROUTE));
        this.attributes = attributes(method, route, span.getAttributes().get(STATUS));
        String verb = method.equals("_OTHER") ? "HTTP" : method;
        this.name = route == null ? verb : verb + " " + route;
    }

    private static Attributes attributes(String method, @Nullable String route, @Nullable Long status) {
        AttributesBuilder attributes = Attributes.builder().put(METHOD, method);
        if (route != null) {
            attributes.put(ROUTE, route);
        }
        if (status != null) {
            attributes.put(STATUS, status);
        }
        return attributes.build();
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public SpanKind getKind() {
        return span.getKind();
    }

    @Override
    public SpanContext getSpanContext() {
        return withoutState(span.getSpanContext());
    }

    @Override
    public SpanContext getParentSpanContext() {
        return withoutState(span.getParentSpanContext());
    }

    private static SpanContext withoutState(SpanContext context) {
        return SpanContext.create(
                context.getTraceId(), context.getSpanId(), context.getTraceFlags(), TraceState.getDefault());
    }

    @Override
    public StatusData getStatus() {
        return StatusData.create(span.getStatus().getStatusCode(), "");
    }

    @Override
    public long getStartEpochNanos() {
        return span.getStartEpochNanos();
    }

    @Override
    public long getEndEpochNanos() {
        return span.getEndEpochNanos();
    }

    @Override
    public boolean hasEnded() {
        return span.hasEnded();
    }

    @Override
    public Attributes getAttributes() {
        return attributes;
    }

    @Override
    public int getTotalAttributeCount() {
        return attributes.size();
    }

    @Override
    public List<EventData> getEvents() {
        return List.of();
    }

    @Override
    public int getTotalRecordedEvents() {
        return 0;
    }

    @Override
    public List<LinkData> getLinks() {
        return List.of();
    }

    @Override
    public int getTotalRecordedLinks() {
        return 0;
    }

    /** Of the process, the same for all spans; {@link TraceSetup} made it. */
    @Override
    public Resource getResource() {
        return span.getResource();
    }

    @Override
    public InstrumentationScopeInfo getInstrumentationScopeInfo() {
        return SCOPE;
    }

    @Override
    @Deprecated
    public io.opentelemetry.sdk.common.InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
        return io.opentelemetry.sdk.common.InstrumentationLibraryInfo.create(SCOPE.getName(), null);
    }
}
