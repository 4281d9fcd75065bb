package org.templatevault.session;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;

/** A request whose caller is known by the session. */
final class SessionRequest extends HttpServletRequestWrapper {
    /** What tells the API that the caller is in a browser. */
    private static final String SCHEME = org.templatevault.rest.BrowserCaller.SCHEME;

    private final Session session;

    SessionRequest(HttpServletRequest request, Session session) {
        super(request);
        this.session = session;
    }

    Session session() {
        return session;
    }

    @Override
    public Principal getUserPrincipal() {
        return session::caller;
    }

    @Override
    public String getRemoteUser() {
        return session.caller();
    }

    @Override
    public boolean isUserInRole(String role) {
        return session.roles().contains(role);
    }

    @Override
    public String getAuthType() {
        return SCHEME;
    }

    @Override
    public boolean authenticate(HttpServletResponse response) {
        return true;
    }
}
