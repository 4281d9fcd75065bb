package org.templatevault.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.security.enterprise.SecurityContext;
import jakarta.ws.rs.ForbiddenException;
import java.security.Principal;
import java.util.Arrays;

/** Who is calling, whichever way they signed in. */
@ApplicationScoped
public class Caller {
    @Inject
    SecurityContext security;

    /** Whether the caller has one of these roles. */
    boolean hasOneOf(String... roles) {
        return Arrays.stream(roles).anyMatch(security::isCallerInRole);
    }

    /** The caller's name, as the registry or the token's issuer knows it. */
    public String name() {
        Principal principal = security.getCallerPrincipal();
        if (principal == null) {
            throw new ForbiddenException();
        }
        return principal.getName();
    }
}
