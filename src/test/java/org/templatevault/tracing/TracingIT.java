package org.templatevault.tracing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SpanCollector;
import org.templatevault.testing.SpanCollector.Span;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** What a collector of traces is told, and what it is never told, whatever the environment asks for. */
@Tag("long")
@Tag("nightly")
class TracingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String REFERENCE = "reference-c4n4ry-8841";
    private static final String AGENT = "agent-c4n4ry-8842";
    private static final String TRACE_STATE = "state-c4n4ry-8843";
    private static final String BAGGAGE = "baggage-c4n4ry-8844";
    private static final String QUERY = "query-c4n4ry-8845";
    private static final String ENVIRONMENT = "environment-c4n4ry-8846";
    private static final String CLIENT_ADDRESS = "127.83.61.9";
    private static final Set<String> ATTRIBUTES =
            Set.of("http.request.method", "http.response.status_code", "http.route");

    private static final SpanCollector COLLECTOR = new SpanCollector();
    private static final List<String> FORBIDDEN = new ArrayList<>();
    private static VaultServer server;
    private static String metricsOfTheStart;
    private static int traces;

    /** What each request was, by the id of its trace. */
    private static final Map<String, String> ASKED = new TreeMap<>();

    @BeforeAll
    static void serveAndUse() {
        SharedVault.Mortal mortal = SharedVault.mortal();
        COLLECTOR.open();
        server = VaultServer.on(mortal.home(), "traced")
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                .environment("VAULT_TRACING", "on")
                .environment("VAULT_OTLP_ENDPOINT", COLLECTOR.address() + "/")
                .environment("OTEL_SDK_DISABLED", "false")
                .environment("OTEL_EXPERIMENTAL_CONFIG_FILE", "/" + ENVIRONMENT)
                .environment("OTEL_TRACES_EXPORTER", "console,otlp")
                .environment("OTEL_METRICS_EXPORTER", "otlp")
                .environment("OTEL_LOGS_EXPORTER", "otlp")
                .environment("OTEL_PROPAGATORS", "tracecontext,baggage")
                .environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/" + ENVIRONMENT)
                .environment("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=open-sesame")
                .environment("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=registry,host.name=" + ENVIRONMENT)
                .environment("OTEL_METRIC_EXPORT_INTERVAL", "500")
                .environment("OTEL_BSP_SCHEDULE_DELAY", "300")
                .environment("OTEL_BSP_MAX_QUEUE_SIZE", "64")
                .environment("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32")
                .start();
        metricsOfTheStart = metrics();
        use();
        refuse();
        FORBIDDEN.addAll(List.of(
                REFERENCE,
                AGENT,
                TRACE_STATE,
                BAGGAGE,
                QUERY,
                ENVIRONMENT,
                CLIENT_ADDRESS,
                "localhost",
                "enroller",
                "reader",
                "eraser"));
        TestHome.await("the spans arrive", PATIENCE, () -> {
            Set<String> arrived = new TreeSet<>();
            COLLECTOR.spans().forEach(span -> arrived.add(span.trace()));
            return arrived.containsAll(ASKED.keySet());
        });
    }

    @AfterAll
    static void stopBoth() {
        server.stop();
        COLLECTOR.close();
    }

    /** A client whose request is part of a trace, and says much about itself. */
    private static VaultClient as(String role, String request) {
        String trace = String.format("%032x", ++traces);
        ASKED.put(trace, request);
        VaultClient client = role.isEmpty() ? server.client() : server.as(role);
        return client.with("User-Agent", AGENT)
                .with("traceparent", "00-" + trace + "-00000000000000aa-01")
                .with("tracestate", "vendor=" + TRACE_STATE)
                .with("baggage", "person=" + BAGGAGE);
    }

    private static UUID forbidden(UUID id) {
        FORBIDDEN.add(id.toString());
        FORBIDDEN.add(id.toString().replace("-", ""));
        return id;
    }

    private static void use() {
        String known = "{\"reference\":\"" + REFERENCE + "\"}";
        as("enroller", "POST /api/v1/subjects 201")
                .post("/subjects")
                .json(known)
                .send()
                .expect(201);
        as("reader", "POST /api/v1/subjects:search 200")
                .post("/subjects:search")
                .json(known)
                .send()
                .expect(200);
        UUID subject = forbidden(UUID.randomUUID());
        VaultClient.Stored stored = as("enroller", "POST /api/v1/subjects/{subject}/templates 201")
                .store(subject, "modality=FACE&format=OPAQUE&quality=7", new byte[600]);
        forbidden(stored.template());
        as("reader", "GET /api/v1/subjects/{subject}/templates/{template}/content 200")
                .read(stored)
                .expect(200);
        as("operator", "GET /api/v1/overview 200").get("/overview").send().expect(200);
        new Rows(server.home())
                .change(
                        "update vault.template set envelope = set_byte(envelope, 60, get_byte(envelope, 60) # 1)"
                                + " where subject_id = ?",
                        subject);
        as("reader", "GET /api/v1/subjects/{subject}/templates/{template}/content 500")
                .read(stored)
                .expect(500);
        String revision = server.as("eraser")
                .get("/subjects/" + subject)
                .send()
                .expect(200)
                .header("ETag");
        String erasure = as("eraser", "DELETE /api/v1/subjects/{subject} 202")
                .delete("/subjects/" + subject)
                .header("If-Match", revision)
                .header("X-Reason", "consent-withdrawn")
                .send()
                .expect(202)
                .header("Location");
        forbidden(UUID.fromString(erasure.substring(erasure.lastIndexOf('/') + 1)));
        as("reader", "GET /api/v1/subjects/{subject} 410")
                .get("/subjects/" + subject)
                .send()
                .expect(410);
    }

    private static void refuse() {
        UUID nobody = forbidden(UUID.randomUUID());
        String path = "/subjects/" + nobody;
        as("reader", "GET /api/v1/subjects/{subject} 404").get(path).send().expect(404);
        as("reader", "GET /api/v1/subjects/{subject}/templates 404")
                .get(path + "/templates?modality=FACE")
                .send();
        as("enroller", "POST /api/v1/subjects/{subject}/templates 400")
                .post(path + "/templates")
                .json("{\"data\": " + REFERENCE)
                .send()
                .expect(400);
        as("reader", "GET 404")
                .get(path + "/nothing-of-the-kind?" + QUERY + "=1")
                .send()
                .expect(404);
        as("reader", "GET 404").callOutside("GET", path).send().expect(404);
        as("reader", "GET 404").callOutside("GET", "/console/" + nobody + ".js").send();
        as("reader", "GET 404")
                .callOutside("GET", "/" + REFERENCE + "?" + QUERY)
                .send()
                .expect(404);
        as("reader", "HTTP 405").call("SNOOP", path).send();
        server.client()
                .raw(
                        "GET /api/v1" + path + " HTTP/1.1\r\nHost: " + REFERENCE + "\r\nUser-Agent: " + AGENT
                                + "\r\nAuthorization: " + server.as("reader").authorization()
                                + "\r\nConnection: close\r\nX-Forwarded-For: " + CLIENT_ADDRESS + "\r\n\r\n",
                        CLIENT_ADDRESS);
    }

    private static String described(Span span) {
        String status = String.valueOf(span.attributes().get("http.response.status_code"));
        return span.name() + " " + status.replaceAll("\\D", "").substring(1);
    }

    @Test
    void tellsRouteMethodAndStatusOfEachRequestInTheCallersTrace() {
        Map<String, String> told = new TreeMap<>();
        COLLECTOR.spans().stream()
                .filter(span -> ASKED.containsKey(span.trace()))
                .forEach(span -> {
                    assertEquals("00000000000000aa", span.parent());
                    assertEquals(2, span.kind(), "a server's span");
                    assertTrue(span.nanos() > 0, span::toString);
                    told.merge(span.trace(), described(span), (one, other) -> one + ", " + other);
                });
        assertEquals(String.join("\n", ASKED.values()), String.join("\n", told.values()));
    }

    @Test
    void tellsNothingThatIsNotOnTheList() {
        for (Span span : COLLECTOR.spans()) {
            assertTrue(ATTRIBUTES.containsAll(span.attributes().keySet()), span::toString);
            assertEquals(
                    Map.of(
                            "service.instance.id",
                            "node-traced",
                            "service.name",
                            "template-vault",
                            "service.namespace",
                            "registry"),
                    span.process());
            assertEquals("org.templatevault", span.scope());
            assertTrue(Set.of(1, 2, 4, 5, 6, 7, 8, 9, 15, 16).containsAll(span.fields()), span::toString);
            assertTrue(Set.of(3).containsAll(span.statusFields()), span::toString);
        }
    }

    /** Byte by byte, in text and as the sixteen bytes of an id. */
    @Test
    void tellsNothingOfPeople() {
        assertTrue(occursAnywhere("/api/v1/subjects/{subject}/templates/{template}"), "the search finds");
        for (String forbidden : FORBIDDEN) {
            assertFalse(occursAnywhere(forbidden), forbidden);
        }
    }

    private static boolean occursAnywhere(String text) {
        return COLLECTOR.bodies().stream().anyMatch(body -> {
            boolean asText = new String(body, StandardCharsets.ISO_8859_1).contains(text);
            boolean isId = text.matches("[0-9a-f]{32}");
            return asText || (isId && HexFormat.of().formatHex(body).contains(text));
        });
    }

    @Test
    void goesToTheCollectorOfItsSettingOnlyAndWithItsKey() {
        for (String request : COLLECTOR.requests()) {
            assertTrue(request.startsWith("POST /v1/traces "), request);
            assertTrue(request.contains("open-sesame"), request);
        }
    }

    private static String metrics() {
        return server.as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text();
    }

    @Test
    void keepsTheMetricsFromTheStartOn() {
        assertTrue(
                metricsOfTheStart.contains("\nvault_integrity_failures_total{mp_scope=\"application\",} 0.0"),
                metricsOfTheStart);
        assertTrue(metrics().contains("\nhttp_server_request_duration_seconds_count"), "requests are counted");
    }

    /** Far more spans than wait in the queue: who waited for the collector, or for room, would wait for seconds. */
    @Test
    void servesWithoutTheCollectorAndSaysSoOnceInAWhile() {
        int before = server.console().length();
        COLLECTOR.close();
        long slowest = slowestOf(120);
        COLLECTOR.hesitate();
        COLLECTOR.open();
        slowest = Math.max(slowest, slowestOf(120));
        assertTrue(slowest < 4_000, "a request took " + slowest + " ms");
        COLLECTOR.answer();
        String said = server.console().substring(before);
        List<String> complaints =
                said.lines().filter(line -> line.contains("xport")).toList();
        assertTrue(!complaints.isEmpty() && complaints.size() <= 10, said);
        String again = "a".repeat(32);
        VaultClient operator = server.as("operator").with("traceparent", "00-" + again + "-00000000000000aa-01");
        TestHome.await("spans arrive again", PATIENCE, () -> {
            operator.get("/keys").send().expect(200);
            return COLLECTOR.spans().stream().map(Span::trace).anyMatch(again::equals);
        });
    }

    private static long slowestOf(int requests) {
        long slowest = 0;
        for (int i = 0; i < requests; i++) {
            long began = System.nanoTime();
            server.as("operator").get("/keys").send().expect(200);
            slowest = Math.max(slowest, (System.nanoTime() - began) / 1_000_000);
        }
        return slowest;
    }

    @Test
    void isNotEvenLoadedWhereItIsOff() {
        VaultServer off = SharedVault.mortal().server();
        assertFalse(off.console().contains("mpTelemetry"), "loaded");
        assertTrue(server.console().contains("mpTelemetry-2.1"), "not loaded");
        assertEquals("", off.as("operator").get("/keys").send().header("io.openliberty.trace"));
    }
}
