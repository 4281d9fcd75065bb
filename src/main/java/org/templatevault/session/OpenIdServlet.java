package org.templatevault.session;

import jakarta.inject.Inject;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.templatevault.config.Settings;
import org.templatevault.error.VaultException;
import org.templatevault.rest.Problem;
import org.templatevault.trail.Refusals;

/**
 * Signs in by the OpenID provider, where there is one. The server speaks with it; what it learns is used once, for a
 * session of the vault's own, and forgotten.
 */
@WebServlet({OpenIdServlet.PATH, OpenIdServlet.WAYS})
public class OpenIdServlet extends HttpServlet {
    static final String PATH = "/console/openid";
    /** Tells the sign-in page whether there is a provider. */
    static final String WAYS = "/console/sign-in-ways";

    @Inject
    Settings settings;

    @Inject
    SignIn signIn;

    @Inject
    Refusals refusals;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        headers(response);
        if (request.getServletPath().equals(WAYS)) {
            response.setContentType("application/json");
            response.getOutputStream()
                    .write(("{\"openid\":" + settings.openId() + "}").getBytes(StandardCharsets.US_ASCII));
        } else if (!settings.openId()) {
            Problem.write(response, 404, "not-found", null);
        } else if (!isBare(request)) {
            response.sendRedirect(PATH);
        } else if (request.authenticate(response)) {
            signIn(request, response);
        } else if (response.getStatus() >= 400 && !response.isCommitted()) {
            turnAway(request, response, "provider");
        }
    }

    /** Only this address leads to the provider, as openid-on.xml says it. */
    private static boolean isBare(HttpServletRequest request) {
        return request.getRequestURI().equals(PATH) && request.getQueryString() == null;
    }

    private void signIn(HttpServletRequest request, HttpServletResponse response) throws IOException, ServletException {
        String caller = request.getUserPrincipal().getName();
        List<String> roles = SignIn.roles(request);
        request.logout();
        forget(request, response);
        if (roles.isEmpty()) {
            turnAway(request, response, "role");
            return;
        }
        try {
            signIn.begin(request, response, caller, roles, "openid");
            response.sendRedirect("/console/");
        } catch (VaultException e) {
            Problem.write(response, e);
        }
    }

    /** The cookies by which the server would know the caller again, without asking the provider. */
    private static void forget(HttpServletRequest request, HttpServletResponse response) {
        response.reset();
        headers(response);
        for (Cookie cookie : Objects.requireNonNullElse(request.getCookies(), new Cookie[0])) {
            if (cookie.getName().startsWith("WAS")) {
                response.addHeader(
                        "Set-Cookie", cookie.getName() + "=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
            }
        }
    }

    private static void headers(HttpServletResponse response) {
        ConsoleHeaders.write(response);
        response.setHeader("Cache-Control", "no-store");
    }

    private void turnAway(HttpServletRequest request, HttpServletResponse response, String why) throws IOException {
        refusals.count(null, request.getRemoteAddr(), 401);
        response.sendRedirect("/console/sign-in.html?refused=" + why);
    }
}
