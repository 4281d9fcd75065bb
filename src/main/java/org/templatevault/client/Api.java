package org.templatevault.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Makes requests of one caller to one vault. Redirects are not followed. A refusal with {@code Retry-After} is waited out
 * for a bounded time.
 */
public final class Api {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final int PROBLEM_BYTES = 64 << 10;

    private final Connection connection;
    private final Duration wait;
    private final HttpClient http;
    private Consumer<String> waits = why -> {};

    /**
     * Over this connection.
     *
     * @param wait how long a request may wait in all where the vault says that it should come again
     */
    public Api(Connection connection, Duration wait) {
        this.connection = connection;
        this.wait = wait;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .sslContext(connection.trust())
                .build();
    }

    /** From now on this hears, in a few words, why a request is made again, each time before it is. */
    public void whenItWaits(Consumer<String> hears) {
        waits = hears;
    }

    /** Scheme, host and port of the vault. */
    public URI address() {
        return connection.address();
    }

    /** Reads a path of the API. It may be asked again where no answer came. */
    public Call get(String path) {
        return signedIn("GET", path).repeatable();
    }

    /** Posts to a path of the API. */
    public Call post(String path) {
        return signedIn("POST", path);
    }

    /** Changes what a path of the API names. */
    public Call patch(String path) {
        return signedIn("PATCH", path);
    }

    /** Deletes what a path of the API names. */
    public Call delete(String path) {
        return signedIn("DELETE", path);
    }

    /** Reads a path beside the API, without signing in. */
    public Call open(String path) {
        return new Call(this, "GET", HttpRequest.newBuilder(connection.beside(path))).repeatable();
    }

    private Call signedIn(String method, String path) {
        return new Call(
                this,
                method,
                HttpRequest.newBuilder(connection.api(path)).header("Authorization", connection.authorization()));
    }

    /** What is made of an answer's body while it comes. */
    interface Reader<T> {
        T read(HttpResponse<InputStream> response) throws IOException;
    }

    /** Sends until there is an answer that says something else than to come again, or the time is over. */
    <T> T send(HttpRequest request, Reader<T> reader, boolean repeatable, boolean patient)
            throws RefusedException, UnreachableException, UntrustedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            Duration pause;
            try {
                HttpResponse<InputStream> response = http.send(request, watched(request));
                if (response.statusCode() < 300) {
                    return reader.read(response);
                }
                Problem problem = refusal(response);
                pause = comeAgain(response, problem, repeatable, end);
                waits.accept(problem.code() + ", trying again");
            } catch (IOException e) {
                pause = Duration.ofSeconds(1);
                if (!repeatable || !patient || !fits(pause, end) || isUntrusted(e)) {
                    throw failure(e);
                }
                waits.accept("no answer, trying again");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UnreachableException("interrupted", e);
            }
            sleep(pause);
        }
    }

    private static HttpResponse.BodyHandler<InputStream> watched(HttpRequest request) {
        Duration longest = request.timeout().orElse(Call.TIMEOUT);
        return answer ->
                BodySubscribers.mapping(BodySubscribers.ofInputStream(), body -> new WatchedBody(body, longest));
    }

    private static Problem refusal(HttpResponse<InputStream> response) throws IOException {
        try (InputStream body = response.body()) {
            String text = new String(body.readNBytes(PROBLEM_BYTES), StandardCharsets.UTF_8);
            return Problem.of(response.statusCode(), text);
        }
    }

    /** How long to wait before the next try. After a lost commit nobody knows whether it was done. */
    private static Duration comeAgain(HttpResponse<?> response, Problem problem, boolean repeatable, long end)
            throws RefusedException {
        String after = response.headers().firstValue("Retry-After").orElse("");
        boolean busy = problem.status() == 503 || problem.status() == 429;
        boolean lost = problem.code().equals("outcome-unknown") && !repeatable;
        if (busy && !lost && after.matches("[0-9]{1,6}")) {
            Duration pause = Duration.ofSeconds(Math.max(1, Long.parseLong(after)));
            if (fits(pause, end)) {
                return pause;
            }
        }
        throw new RefusedException(problem);
    }

    private static boolean fits(Duration pause, long end) {
        return System.nanoTime() + pause.toNanos() < end;
    }

    private static void sleep(Duration pause) throws UnreachableException {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnreachableException("interrupted", e);
        }
    }

    private static boolean isUntrusted(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }

    private UnreachableException failure(IOException e) throws UntrustedException {
        if (isUntrusted(e)) {
            throw new UntrustedException(
                    connection
                            + " could not prove that it is the vault: its certificate is not trusted, or not of this name",
                    e);
        }
        String why = e instanceof ConnectException ? "nobody listens there" : reason(e);
        return new UnreachableException("no answer from " + connection + ": " + why, e);
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return message == null || message.isEmpty() ? e.getClass().getSimpleName() : message;
    }
}
