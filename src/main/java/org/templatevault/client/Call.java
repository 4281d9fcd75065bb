package org.templatevault.client;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Predicate;

/** One request on its way. */
public final class Call {
    private static final int LONGEST_LAST_LINE = 1000;
    static final Duration TIMEOUT = Duration.ofSeconds(90);

    private final Api api;
    private final String method;
    private final HttpRequest.Builder request;
    private HttpRequest.BodyPublisher body = BodyPublishers.noBody();
    private boolean repeatable;
    private boolean patient;

    Call(Api api, String method, HttpRequest.Builder request) {
        this.api = api;
        this.method = method;
        this.request = request.timeout(TIMEOUT);
    }

    /** Adds a header. */
    public Call header(String name, String value) {
        request.header(name, value);
        return this;
    }

    /** A body of JSON. */
    public Call json(JsonObject json) {
        return json(json.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** A body of JSON, as it stands. */
    public Call json(byte[] json) {
        request.header("Content-Type", "application/json");
        body = BodyPublishers.ofByteArray(json);
        return this;
    }

    /** A body of bare bytes. */
    public Call octets(byte[] bytes) {
        request.header("Content-Type", "application/octet-stream");
        body = BodyPublishers.ofByteArray(bytes);
        return this;
    }

    /** Names the request, so that it has one effect however often it is sent. */
    public Call key(String idempotencyKey) {
        request.header("Idempotency-Key", idempotencyKey);
        return repeatable();
    }

    Call repeatable() {
        repeatable = true;
        return this;
    }

    /** Goes on trying for the time of waiting where nobody answers, if the request may be sent twice. */
    public Call patient() {
        patient = true;
        return this;
    }

    /** How long to wait for the answer to begin, and for each piece of it that is to come. */
    public Call timeout(Duration longest) {
        request.timeout(longest);
        return this;
    }

    /**
     * Sends it.
     *
     * @throws RefusedException for every answer that is not a success
     * @throws UnreachableException if no answer came
     * @throws UntrustedException if the server's certificate does not prove it
     */
    public Answer send() throws RefusedException, UnreachableException, UntrustedException {
        return api.send(
                request.method(method, body).build(),
                response -> {
                    try (InputStream in = response.body()) {
                        return new Answer(response.statusCode(), response.headers(), in.readAllBytes());
                    }
                },
                repeatable,
                patient);
    }

    /**
     * Sends it and writes the answer's body to a file, which is there afterwards as a whole or as it was before.
     *
     * @return the bytes written
     * @throws UnreachableException if no answer came, or not all of it
     * @throws IOException if the file cannot be written
     */
    public long download(Path file) throws RefusedException, UnreachableException, UntrustedException, IOException {
        return download(file, whole -> true);
    }

    /**
     * As {@link #download(Path)}, where the body is whole only with a certain last line.
     *
     * @throws IncompleteException if the last line is another
     */
    public long download(Path file, Predicate<String> lastLine)
            throws RefusedException, UnreachableException, UntrustedException, IOException {
        try (PrivateFile fresh = PrivateFile.replacing(file)) {
            long bytes = api.send(
                    request.method(method, body).build(),
                    response -> {
                        try (InputStream in = response.body()) {
                            return in.transferTo(new LocalOutput(fresh.stream()));
                        }
                    },
                    repeatable,
                    false);
            if (!lastLine.test(fresh.lastLine(LONGEST_LAST_LINE))) {
                throw new IncompleteException("the answer broke off after " + bytes + " bytes, without its last line");
            }
            fresh.keep();
            return bytes;
        } catch (UnreachableException e) {
            if (e.getCause() instanceof LocalOutput.Failure local) {
                throw local;
            }
            throw e;
        }
    }
}
