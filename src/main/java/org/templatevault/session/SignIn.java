package org.templatevault.session;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.util.List;
import java.util.Optional;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Caller;
import org.templatevault.rest.Api;
import org.templatevault.trail.Trail;

/** From somebody whom the server knows to a session. */
@ApplicationScoped
public class SignIn {
    @Inject
    Sessions sessions;

    @Inject
    Trail trail;

    /** Whom the registry knows: by its own name for him, which may differ from what was typed in capitals. */
    record Known(String name, List<String> roles) {}

    /**
     * Who has this name and password; nobody for a wrong password, a wrong name or somebody without a role. Asks the
     * server's registry; the password is not kept.
     */
    Optional<Known> known(HttpServletRequest request, String user, String password) {
        try {
            if (request.getUserPrincipal() != null) {
                request.logout(); // by a password that the browser has added, maybe somebody else's
            }
            request.login(user, password);
            Principal principal = request.getUserPrincipal();
            Known known = new Known(principal == null ? user : principal.getName(), roles(request));
            request.logout();
            return Optional.of(known).filter(somebody -> !somebody.roles().isEmpty());
        } catch (ServletException refused) {
            return Optional.empty();
        }
    }

    /** The roles of the request's caller. */
    static List<String> roles(HttpServletRequest request) {
        return Api.roles().stream().filter(request::isUserInRole).toList();
    }

    /** Begins a session and sends its cookie; one that the browser had is over. */
    void begin(
            HttpServletRequest request, HttpServletResponse response, String caller, List<String> roles, String way) {
        SessionCookie.of(request).ifPresent(sessions::close);
        tell(request, caller, roles);
        SessionCookie.set(response, sessions.open(caller, roles, way));
    }

    /** An entry of the trail, durable before the answer leaves. */
    void tell(HttpServletRequest request, String name, List<String> roles) {
        Caller caller = new Caller(name, roles, request.getRemoteAddr());
        String action = request.getMethod() + " " + request.getServletPath();
        try (AuditContext context = AuditContext.ofRequest(action, false, () -> caller)) {
            trail.answer(context, 204);
        }
    }
}
