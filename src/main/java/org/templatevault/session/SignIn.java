package org.templatevault.session;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.templatevault.rest.Api;

/** Asks the server's registry, once for each session: the password is not kept. */
@ApplicationScoped
public class SignIn {
    /** The roles of who has this name and password; none for a wrong password, a wrong name or somebody without a role. */
    List<String> roles(HttpServletRequest request, String user, String password) {
        if (user.isEmpty() || password.isEmpty()) {
            return List.of();
        }
        try {
            request.login(user, password);
            List<String> roles =
                    Api.roles().stream().filter(request::isUserInRole).toList();
            request.logout();
            return roles;
        } catch (ServletException refused) {
            return List.of();
        }
    }
}
