package org.templatevault.testing;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** A request to a vault that is being made. */
public final class Call {
    private final HttpClient http;
    private final String method;
    private final HttpRequest.Builder builder;
    private HttpRequest.BodyPublisher body = BodyPublishers.noBody();

    Call(HttpClient http, String method, URI address, Map<String, String> headers) {
        this.http = http;
        this.method = method;
        this.builder = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(60));
        headers.forEach(builder::header);
    }

    /** Adds a header. */
    public Call header(String name, String value) {
        builder.header(name, value);
        return this;
    }

    /** A JSON body. */
    public Call json(String json) {
        return body("application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    /** A JSON body. */
    public Call json(JsonObject json) {
        return json(json.toString());
    }

    /** A body of bare bytes. */
    public Call octets(byte[] bytes) {
        return body("application/octet-stream", bytes);
    }

    /** A body of this media type. */
    public Call body(String mediaType, byte[] bytes) {
        builder.header("Content-Type", mediaType);
        body = BodyPublishers.ofByteArray(bytes);
        return this;
    }

    /** A body of this media type without a Content-Length. */
    public Call chunked(String mediaType, byte[] bytes) {
        builder.header("Content-Type", mediaType);
        body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes));
        return this;
    }

    /** How long to wait for the answer. */
    public Call timeout(Duration patience) {
        builder.timeout(patience);
        return this;
    }

    /** Sends the request once. */
    public Answer send() {
        try {
            HttpRequest request = builder.method(method, body).build();
            return new Answer(http.send(request, HttpResponse.BodyHandlers.ofByteArray()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }
}
