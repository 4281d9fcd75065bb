package org.templatevault.rest;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Answers whatever is outside the API, and every error that the container itself reports: a problem document, never the
 * server's own page, never an echo of the path.
 */
@WebServlet("/*")
public class UnknownPathServlet extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Object reported = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        refuse(response, isMalformed(request) ? 400 : reported instanceof Integer status ? status : 404);
    }

    /** An address with encoded dots or slashes: the server reports it as its own failure. */
    private static boolean isMalformed(HttpServletRequest request) {
        return request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof Throwable failure
                && String.valueOf(failure.getMessage()).contains("CWWWC0005I");
    }

    static void refuse(HttpServletResponse response, int status) throws IOException {
        byte[] body = Problem.base(status, Problem.code(status), null, null)
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType(Api.PROBLEM_JSON);
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
