package org.templatevault.session;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;

/** A request of the console's pages by nobody: it is refused without the challenge that makes a browser ask by itself. */
final class PageRequest extends HttpServletRequestWrapper {
    PageRequest(HttpServletRequest request) {
        super(request);
    }

    @Override
    public boolean authenticate(HttpServletResponse response) {
        return false;
    }
}
