package org.templatevault.session;

import jakarta.inject.Inject;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.VaultException;
import org.templatevault.rest.Problem;
import org.templatevault.trail.Refusals;

/**
 * Makes the caller of a session known to the API. Who sends the header {@code Authorization} has other credentials, and no
 * session is looked for: a client of the API pays nothing for the console. For the console's own pages the session alone
 * counts: their browser may add a password by itself. A change that another site asks for is refused, whoever the caller.
 */
@WebFilter(
        urlPatterns = {"/api/v1/*", "/console/session", "/openapi"},
        asyncSupported = true)
public class SessionFilter extends HttpFilter {
    /** The console's pages send it with every request; {@code poll} where nobody did anything. */
    static final String PAGE = "X-Console";

    private static final String BY_ITSELF = "poll";
    private static final String CSRF = "X-CSRF-Token";
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    @Inject
    Sessions sessions;

    @Inject
    Refusals refusals;

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!SAFE.contains(request.getMethod()) && OtherSites.sent(request)) {
            refuse(
                    request,
                    response,
                    request.getRemoteUser(),
                    "cross-site-request",
                    "A page of another site asked for this");
            return;
        }
        if (signsIn(request)) {
            chain.doFilter(request, response);
            return;
        }
        boolean others = request.getHeader("Authorization") != null && request.getHeader(PAGE) == null;
        Optional<String> token = others ? Optional.empty() : SessionCookie.of(request);
        if (token.isPresent()) {
            withCookie(token.get(), request, response, chain);
        } else {
            asNobody(request, response, chain);
        }
    }

    private static void asNobody(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        chain.doFilter(request.getHeader(PAGE) == null ? request : new PageRequest(request), response);
    }

    private void withCookie(String token, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Optional<Session> session;
        try {
            session = sessions.find(token, !BY_ITSELF.equals(request.getHeader(PAGE)));
        } catch (VaultException e) {
            Problem.write(response, e);
            return;
        }
        if (session.isEmpty()) {
            asNobody(request, response, chain);
        } else if (!SAFE.contains(request.getMethod()) && !hasToken(request, session.get())) {
            refuse(
                    request,
                    response,
                    session.get().caller(),
                    "csrf-token-missing",
                    "X-CSRF-Token must hold the token that GET /console/session gives");
        } else {
            chain.doFilter(new SessionRequest(request, session.get()), response);
        }
    }

    private void refuse(
            HttpServletRequest request,
            HttpServletResponse response,
            @Nullable String caller,
            String code,
            String detail)
            throws IOException {
        refusals.count(caller, request.getRemoteAddr(), 403);
        Problem.write(response, 403, code, detail);
    }

    /**
     * Whoever signs in anew is nobody until then: the roles of a session that the browser has must not become his. He needs
     * no token either, since the page that asks for the password has none.
     */
    private static boolean signsIn(HttpServletRequest request) {
        return request.getMethod().equals("POST") && request.getServletPath().equals(SessionServlet.PATH);
    }

    private static boolean hasToken(HttpServletRequest request, Session session) {
        String given = request.getHeader(CSRF);
        return given != null
                && MessageDigest.isEqual(
                        given.getBytes(StandardCharsets.UTF_8), session.csrf().getBytes(StandardCharsets.UTF_8));
    }
}
