package org.templatevault.session;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import org.jspecify.annotations.Nullable;

/**
 * A request of the console's pages in no session: it is nobody's, also where the browser adds a password of its own, and
 * is refused without the challenge that makes a browser ask by itself.
 */
final class PageRequest extends HttpServletRequestWrapper {
    PageRequest(HttpServletRequest request) {
        super(request);
    }

    @Override
    public @Nullable Principal getUserPrincipal() {
        return null;
    }

    @Override
    public @Nullable String getRemoteUser() {
        return null;
    }

    @Override
    public boolean isUserInRole(String role) {
        return false;
    }

    @Override
    public @Nullable String getAuthType() {
        return null;
    }

    @Override
    public boolean authenticate(HttpServletResponse response) {
        return false;
    }
}
