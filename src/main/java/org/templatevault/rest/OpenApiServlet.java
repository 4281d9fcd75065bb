package org.templatevault.rest;

import jakarta.inject.Inject;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.templatevault.trail.Refusals;

/** The OpenAPI document at its usual place, for those who operate the vault. */
@WebServlet("/openapi")
public class OpenApiServlet extends HttpServlet {
    @Inject
    Refusals refusals;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getUserPrincipal() == null) {
            response.setHeader("WWW-Authenticate", "Basic realm=\"Template Vault\"");
            refuse(request, response, 401);
        } else if (!request.isUserInRole("operator")) {
            refuse(request, response, 403);
        } else {
            response.setContentType("application/yaml");
            response.setHeader("Cache-Control", "no-store");
            try (InputStream document =
                    Objects.requireNonNull(OpenApiServlet.class.getResourceAsStream("/openapi.yaml"))) {
                document.transferTo(response.getOutputStream());
            }
        }
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response, int status) throws IOException {
        refusals.count(request.getRemoteUser(), request.getRemoteAddr(), status);
        UnknownPathServlet.refuse(response, status);
    }
}
