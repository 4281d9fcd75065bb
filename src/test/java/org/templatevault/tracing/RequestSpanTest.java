package org.templatevault.tracing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stays of a span in which everything stands that may not leave. */
class RequestSpanTest {
    private static final String ID = "3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54";
    private static final String ROUTE = "/api/v1/subjects/{subject}";

    private final List<SpanData> exported = new ArrayList<>();

    private @Nullable SpanData requestOf(SpanKind kind, Attributes attributes) {
        SpanExporter kept = new SpanExporter() {
            @Override
            public CompletableResultCode export(Collection<SpanData> spans) {
                exported.addAll(spans);
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
            }
        };
        SpanContext caller = SpanContext.createFromRemoteParent(
                "0123456789abcdef0123456789abcdef",
                "0123456789abcdef",
                TraceFlags.getSampled(),
                TraceState.builder().put("vendor", ID).build());
        try (SdkTracerProvider provider = SdkTracerProvider.builder()
                .addSpanProcessor(SimpleSpanProcessor.create(new RequestSpanExporter(kept, Routes.ofTheApi())))
                .build()) {
            Span span = provider.get("library of " + ID)
                    .spanBuilder("GET /api/v1/subjects/" + ID)
                    .setParent(Context.root().with(Span.wrap(caller)))
                    .setSpanKind(kind)
                    .setAllAttributes(attributes)
                    .addLink(caller, Attributes.of(AttributeKey.stringKey("to"), ID))
                    .startSpan();
            span.recordException(new IllegalStateException(ID));
            span.setStatus(StatusCode.ERROR, ID);
            span.end();
        }
        return exported.isEmpty() ? null : exported.get(0);
    }

    private static Attributes http(String method, String route) {
        return Attributes.builder()
                .put("http.request.method", method)
                .put("http.route", route)
                .put("http.response.status_code", 404)
                .put("url.path", "/api/v1/subjects/" + ID)
                .put("url.query", ID)
                .put("client.address", ID)
                .put("user_agent.original", ID)
                .put("enduser.id", ID)
                .put("thread.name", ID)
                .put("db.query.text", ID)
                .put("whatever.comes.next", ID)
                .build();
    }

    @Test
    void keepsRouteMethodAndStatus() {
        SpanData span = Objects.requireNonNull(requestOf(SpanKind.SERVER, http("GET", ROUTE)));
        assertEquals("GET " + ROUTE, span.getName());
        assertEquals(
                Attributes.builder()
                        .put("http.request.method", "GET")
                        .put("http.route", ROUTE)
                        .put("http.response.status_code", 404)
                        .build(),
                span.getAttributes());
        assertEquals(3, span.getTotalAttributeCount());
        assertEquals("0123456789abcdef0123456789abcdef", span.getTraceId());
        assertEquals("0123456789abcdef", span.getParentSpanId());
        assertTrue(span.getEndEpochNanos() >= span.getStartEpochNanos() && span.hasEnded());
    }

    @Test
    void hasNoWayInForEventsLinksDescriptionsAndTheCallersState() {
        SpanData span = Objects.requireNonNull(requestOf(SpanKind.SERVER, http("GET", ROUTE)));
        assertEquals(StatusData.error(), span.getStatus());
        assertEquals(List.of(), span.getEvents());
        assertEquals(List.of(), span.getLinks());
        assertEquals(0, span.getTotalRecordedEvents() + span.getTotalRecordedLinks());
        assertTrue(span.getSpanContext().getTraceState().isEmpty());
        assertTrue(span.getParentSpanContext().getTraceState().isEmpty());
        assertEquals("org.templatevault", span.getInstrumentationScopeInfo().getName());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1",
                "/api/v1/subjects/" + ID,
                "/subjects/" + ID,
                "/api/v1/subjects/{subject}/" + ID,
                "/api/v1/subjects/{" + ID + "}"
            })
    void namesNoRouteThatIsNotOneOfTheApi(String route) {
        SpanData span = Objects.requireNonNull(requestOf(SpanKind.SERVER, http("GET", route)));
        assertEquals("GET", span.getName());
        assertNull(span.getAttributes().get(AttributeKey.stringKey("http.route")));
    }

    @ParameterizedTest
    @CsvSource({"PATCH,PATCH", "SNOOP,_OTHER", "get,_OTHER", ID + ",_OTHER"})
    void namesNoMethodThatHttpDoesNotKnow(String given, String told) {
        SpanData span = Objects.requireNonNull(requestOf(SpanKind.SERVER, http(given, ROUTE)));
        assertEquals(told, span.getAttributes().get(AttributeKey.stringKey("http.request.method")));
        assertEquals((told.equals("_OTHER") ? "HTTP" : told) + " " + ROUTE, span.getName());
    }

    @Test
    void leavesOutWhatIsNoRequest() {
        for (SpanKind kind : List.of(SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER)) {
            assertNull(requestOf(kind, http("GET", ROUTE)), kind::name);
        }
    }

    @Test
    void knowsTheParametersOfARouteByName() {
        String uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
        assertEquals(
                "/api/v1/subjects/{subject}/templates/{template}/content",
                Routes.ofTheApi()
                        .named("/api/v1/subjects/{subject:" + uuid + "}/templates/{template: " + uuid + "}/content"));
    }
}
