package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A problem document (RFC 9457). It never repeats what the caller sent. */
public final class Problem {
    private static final String TYPE = "urn:template-vault:problem:";
    static final int RETRY_AFTER_SECONDS = 2;

    private Problem() {}

    /** The one place where a kind of failure becomes a status; a new kind does not compile until it stands here. */
    static int status(ErrorKind kind) {
        return switch (kind) {
            case MALFORMED -> 400;
            case FORBIDDEN -> 403;
            case NOT_FOUND -> 404;
            case INCOMPLETE -> 408;
            case CONFLICT -> 409;
            case ERASED -> 410;
            case STALE -> 412;
            case TOO_LARGE -> 413;
            case INVALID, IDEMPOTENCY_MISMATCH -> 422;
            case ROLLED_BACK -> 424;
            case PRECONDITION_REQUIRED -> 428;
            case INTEGRITY -> 500;
            case UNAVAILABLE -> 503;
        };
    }

    static JsonObject document(VaultException failure, @Nullable String requestId) {
        boolean silent = failure.kind() == ErrorKind.INTEGRITY;
        JsonObjectBuilder document =
                base(status(failure.kind()), failure.code(), silent ? null : detail(failure), requestId);
        if (failure.field() != null) {
            document.add(
                    "errors",
                    Json.createArrayBuilder()
                            .add(Json.createObjectBuilder()
                                    .add("field", failure.field())
                                    .add("message", String.valueOf(failure.getMessage()))));
        }
        return document.build();
    }

    /** Why the key store is not available names files and keys: that is for the log and the health check. */
    private static @Nullable String detail(VaultException failure) {
        return failure.code().equals("key-store-unavailable")
                ? "The key store is not available; the log says why"
                : failure.getMessage();
    }

    static JsonObjectBuilder base(int status, String code, @Nullable String detail, @Nullable String requestId) {
        JsonObjectBuilder document = Json.createObjectBuilder()
                .add("type", TYPE + code)
                .add("title", title(status))
                .add("status", status)
                .add("code", code);
        if (detail != null) {
            document.add("detail", detail);
        }
        if (requestId != null) {
            document.add("requestId", requestId);
        }
        return document;
    }

    /** The code of a failure that the container or JAX-RS reports. */
    static String code(int status) {
        return switch (status) {
            case 400 -> "malformed-request";
            case 401 -> "not-signed-in";
            case 403 -> "forbidden";
            case 404 -> "not-found";
            case 405 -> "method-not-allowed";
            case 406 -> "not-acceptable";
            case 413 -> "body-too-large";
            case 415 -> "unsupported-media-type";
            case 500 -> "internal-error";
            case 429 -> "too-many-attempts";
            default -> "http-" + status;
        };
    }

    static String title(int status) {
        return switch (status) {
            case 412 -> "Precondition Failed";
            case 413 -> "Content Too Large";
            case 422 -> "Unprocessable Content";
            case 424 -> "Failed Dependency";
            case 428 -> "Precondition Required";
            default -> {
                Response.Status known = Response.Status.fromStatusCode(status);
                yield known == null ? "Error" : known.getReasonPhrase();
            }
        };
    }

    /** Answers outside JAX-RS with a problem document. */
    public static void write(HttpServletResponse response, int status, String code, @Nullable String detail)
            throws IOException {
        byte[] body = base(status, code, detail, null).build().toString().getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType(Api.PROBLEM_JSON);
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    /** As {@link #write(HttpServletResponse, int, String, String)}, for a failure that has a name. */
    public static void write(HttpServletResponse response, VaultException failure) throws IOException {
        int status = status(failure.kind());
        if (status == 503) {
            response.setIntHeader("Retry-After", RETRY_AFTER_SECONDS);
        }
        write(response, status, failure.code(), failure.getMessage());
    }

    static Response response(int status, JsonObject document) {
        Response.ResponseBuilder response =
                Response.status(status).type(Api.PROBLEM_JSON).entity(document.toString());
        if (status == 503) {
            response.header("Retry-After", RETRY_AFTER_SECONDS);
        }
        return response.build();
    }
}
