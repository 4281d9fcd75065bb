package org.templatevault.rest;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** The OpenAPI document at its usual place, for those who operate the vault. */
@WebServlet("/openapi")
public class OpenApiServlet extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getUserPrincipal() == null) {
            response.setHeader("WWW-Authenticate", "Basic realm=\"Template Vault\"");
            UnknownPathServlet.refuse(response, 401);
        } else if (!request.isUserInRole("operator")) {
            UnknownPathServlet.refuse(response, 403);
        } else {
            response.setContentType("application/yaml");
            response.setHeader("Cache-Control", "no-store");
            try (InputStream document =
                    Objects.requireNonNull(OpenApiServlet.class.getResourceAsStream("/openapi.yaml"))) {
                document.transferTo(response.getOutputStream());
            }
        }
    }
}
