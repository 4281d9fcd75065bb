package org.templatevault.session;

import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.VaultException;
import org.templatevault.rest.BoundedInput;
import org.templatevault.rest.Problem;
import org.templatevault.trail.Refusals;

/** Signs in to the console and out of it, and tells who is signed in. */
@WebServlet(SessionServlet.PATH)
public class SessionServlet extends HttpServlet {
    static final String PATH = "/console/session";
    private static final int MOST_BYTES = 4096;

    private record Credentials(String user, String password) {
        @Override
        public String toString() {
            return "Credentials[redacted]";
        }
    }

    @Inject
    Sessions sessions;

    @Inject
    SignInBrake brake;

    @Inject
    SignIn signIn;

    @Inject
    Refusals refusals;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        ConsoleHeaders.write(response);
        response.setHeader("Cache-Control", "no-store");
        try {
            super.service(request, response);
        } catch (VaultException e) {
            Problem.write(response, e);
        }
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!(request instanceof SessionRequest known)) {
            Problem.write(response, 401, "not-signed-in", null);
            return;
        }
        Session session = known.session();
        byte[] body = Json.createObjectBuilder()
                .add("caller", session.caller())
                .add("roles", Json.createArrayBuilder(session.roles()))
                .add("csrf", session.csrf())
                .add("expiresAt", session.expiresAt().toString())
                .add("signIn", session.signIn())
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        response.setContentType("application/json");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Optional<Credentials> given = credentials(request);
        if (given.isEmpty()) {
            refuse(
                    request,
                    response,
                    400,
                    "malformed-json",
                    "The body is {\"user\":…,\"password\":…} as application/json");
            return;
        }
        Duration wait = brake.attempt(request.getRemoteAddr(), Instant.now());
        if (!wait.isZero()) {
            response.setHeader("Retry-After", Long.toString(wait.toSeconds() + 1));
            refuse(request, response, 429, "too-many-attempts", "Too many wrong passwords from this address");
            return;
        }
        Optional<SignIn.Known> known =
                signIn.known(request, given.get().user(), given.get().password());
        if (known.isEmpty()) {
            refuse(request, response, 401, "not-signed-in", null);
            return;
        }
        brake.succeeded(request.getRemoteAddr());
        signIn.begin(request, response, known.get().name(), known.get().roles(), "password");
        response.setStatus(204);
    }

    @Override
    protected void doDelete(HttpServletRequest request, HttpServletResponse response) {
        SessionCookie.of(request).ifPresent(sessions::close);
        if (request instanceof SessionRequest known) {
            signIn.tell(request, known.session().caller(), known.session().roles());
        }
        SessionCookie.clear(response);
        response.setStatus(204);
    }

    private void refuse(
            HttpServletRequest request, HttpServletResponse response, int status, String code, @Nullable String detail)
            throws IOException {
        refusals.count(null, request.getRemoteAddr(), status);
        Problem.write(response, status, code, detail);
    }

    /** JSON only: a form of another site cannot send that. Nesting past the parser's limit is a bare RuntimeException. */
    private static Optional<Credentials> credentials(HttpServletRequest request) throws IOException {
        String type = String.valueOf(request.getContentType());
        if (!type.matches("(?i)application/json(\\s*;.*)?") || request.getContentLengthLong() > MOST_BYTES) {
            return Optional.empty();
        }
        byte[] body =
                BoundedInput.ofAnybody(request.getInputStream(), MOST_BYTES).readAllBytes();
        Reader text = new InputStreamReader(new ByteArrayInputStream(body), StandardCharsets.UTF_8.newDecoder());
        try (var reader = Json.createReader(text)) {
            JsonObject json = reader.readObject();
            Credentials given = new Credentials(json.getString("user", ""), json.getString("password", ""));
            return given.user.isEmpty() || given.password.isEmpty() ? Optional.empty() : Optional.of(given);
        } catch (RuntimeException notAnObjectOrTooDeep) {
            return Optional.empty();
        }
    }
}
