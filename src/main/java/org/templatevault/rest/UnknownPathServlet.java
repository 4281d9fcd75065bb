package org.templatevault.rest;

import jakarta.inject.Inject;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.templatevault.trail.Refusals;

/**
 * Answers whatever is outside the API, and every error that the container itself reports: a problem document, never the
 * server's own page, never an echo of the path.
 */
@WebServlet("/*")
public class UnknownPathServlet extends HttpServlet {
    @Inject
    Refusals refusals;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Object reported = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        int status = isMalformed(request, reported) ? 400 : reported instanceof Integer known ? known : 404;
        refusals.count(request.getRemoteUser(), request.getRemoteAddr(), status);
        refuse(response, status);
    }

    /** The container reports an address with encoded dots or slashes as its own failure. No address here has any. */
    private static boolean isMalformed(HttpServletRequest request, @Nullable Object reported) {
        String address = String.valueOf(request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI));
        return Integer.valueOf(500).equals(reported) && address.matches(".*(%|\\\\|\\.\\.).*");
    }

    static void refuse(HttpServletResponse response, int status) throws IOException {
        Problem.write(response, status, Problem.code(status), null);
    }
}
