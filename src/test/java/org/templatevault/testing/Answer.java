package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/** What a vault answered. */
public final class Answer {
    private final HttpResponse<byte[]> response;

    Answer(HttpResponse<byte[]> response) {
        this.response = response;
    }

    /** The status. */
    public int status() {
        return response.statusCode();
    }

    /** The body's bytes. */
    public byte[] bytes() {
        return response.body();
    }

    /** The body as text. */
    public String text() {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    /** A header's first value, or an empty string. */
    public String header(String name) {
        return response.headers().firstValue(name).orElse("");
    }

    /** The cookies that it sets, as the next request sends them. */
    public String cookies() {
        return response.headers().allValues("Set-Cookie").stream()
                .map(cookie -> cookie.substring(0, cookie.indexOf(';')))
                .collect(Collectors.joining("; "));
    }

    /** All headers as text. */
    public String headers() {
        return response.headers().map().toString();
    }

    /** The body as a JSON object. */
    public JsonObject json() {
        try (var reader = Json.createReader(new ByteArrayInputStream(response.body()))) {
            return reader.readObject();
        } catch (JsonException e) {
            throw new AssertionError("Not JSON: " + this, e);
        }
    }

    /** This answer, which must have this status. */
    public Answer expect(int status) {
        if (status() != status) {
            throw new AssertionError("Expected " + status + ", got " + this);
        }
        return this;
    }

    /** This answer's problem document, which must have this status and code and the form that all have. */
    public JsonObject problem(int status, String code) {
        expect(status);
        JsonObject problem = problem(status);
        if (!problem.getString("code").equals(code)) {
            throw new AssertionError("Expected the code " + code + ", got " + this);
        }
        return problem;
    }

    /** This answer's problem document of this status and any code. */
    public JsonObject problem(int status) {
        expect(status);
        if (!header("Content-Type").startsWith("application/problem+json")) {
            throw new AssertionError("Not a problem document: " + this);
        }
        JsonObject problem = json();
        boolean complete = problem.getInt("status", 0) == status
                && problem.getString("type", "").endsWith("problem:" + problem.getString("code", "?"))
                && !problem.getString("title", "").isEmpty();
        if (!complete) {
            throw new AssertionError("Not a complete problem document: " + this);
        }
        return problem;
    }

    @Override
    public String toString() {
        return status() + " " + response.headers().map() + " " + text();
    }
}
