package org.templatevault.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A collector of traces: takes OTLP over HTTP and keeps every byte of it. It can be away, and it can leave callers waiting. */
public final class SpanCollector implements AutoCloseable {
    private final List<byte[]> bodies = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final int port = VaultServer.freePort();
    private volatile CountDownLatch patience = new CountDownLatch(0);
    private @Nullable HttpServer server;

    /** Begins to listen, always at the same address. */
    public SpanCollector open() {
        try {
            HttpServer opened = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            opened.setExecutor(Executors.newCachedThreadPool(task -> {
                Thread thread = new Thread(task, "collector");
                thread.setDaemon(true);
                return thread;
            }));
            opened.createContext("/", this::take);
            opened.start();
            server = opened;
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            patience.await();
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().entrySet());
            bodies.add(body);
            exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** From now on it takes what comes and does not answer, until {@link #answer}. */
    public void hesitate() {
        patience = new CountDownLatch(1);
    }

    /** Answers everybody again. */
    public void answer() {
        patience.countDown();
    }

    /** Where it is, as the vault is told. */
    public String address() {
        return "http://127.0.0.1:" + port;
    }

    /** All that came, as it came. */
    public List<byte[]> bodies() {
        return List.copyOf(bodies);
    }

    /** Method, path and headers of all that came. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** Every span that came. */
    public List<Span> spans() {
        return bodies.stream()
                .map(ProtoMessage::read)
                .flatMap(export -> export.messages(1).stream())
                .flatMap(ofOneProcess -> ofOneProcess.messages(2).stream()
                        .flatMap(ofOneScope ->
                                ofOneScope.messages(2).stream().map(span -> span(ofOneProcess, ofOneScope, span))))
                .toList();
    }

    private static Span span(ProtoMessage process, ProtoMessage scope, ProtoMessage span) {
        return new Span(
                HexFormat.of().formatHex(span.bytes(1).get(0)),
                span.bytes(4).isEmpty()
                        ? ""
                        : HexFormat.of().formatHex(span.bytes(4).get(0)),
                span.text(5),
                span.number(6),
                span.number(8) - span.number(7),
                attributes(span.messages(9).stream()),
                attributes(process.messages(1).stream().flatMap(resource -> resource.messages(1).stream())),
                scope.messages(1).get(0).text(1),
                span.messages(15).stream()
                        .findFirst()
                        .map(ProtoMessage::fields)
                        .map(Map::keySet)
                        .orElse(Set.of()),
                span.fields().keySet());
    }

    private static Map<String, Object> attributes(Stream<ProtoMessage> pairs) {
        Map<String, Object> attributes = new TreeMap<>();
        pairs.forEach(pair -> {
            ProtoMessage value = pair.messages(2).get(0);
            attributes.put(pair.text(1), value.fields().containsKey(1) ? value.text(1) : value.fields());
        });
        return attributes;
    }

    /**
     * A span, and all that is in it (opentelemetry-proto, {@code trace.proto}).
     *
     * @param trace the trace's id in hexadecimal digits
     * @param parent the id of the span that it is part of, empty for none
     * @param kind 2 for a server's
     * @param nanos how long it took
     * @param attributes text as such, numbers as {@code {3=[200]}}
     * @param process what is said about the process
     * @param statusFields the numbers of the fields that its status has
     * @param fields the numbers of the fields that it has
     */
    public record Span(
            String trace,
            String parent,
            String name,
            long kind,
            long nanos,
            Map<String, Object> attributes,
            Map<String, Object> process,
            String scope,
            Set<Integer> statusFields,
            Set<Integer> fields) {}

    /** Goes away; it can be opened again. */
    @Override
    public void close() {
        HttpServer opened = server;
        server = null;
        if (opened != null) {
            answer();
            opened.stop(0);
        }
    }
}
