package org.templatevault.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ForbiddenException;
import java.util.Arrays;
import org.templatevault.audit.AuditContext;

/** Who is calling, whichever way they signed in: the same name and roles that the trail has. */
@ApplicationScoped
public class Caller {
    /** The caller's name, as the registry, the token's issuer or the console's session knows it. */
    public String name() {
        return AuditContext.current().map(context -> context.caller().name()).orElseThrow(ForbiddenException::new);
    }

    /** Whether the caller has one of these roles. */
    boolean hasOneOf(String... roles) {
        return AuditContext.current()
                .map(context -> context.caller().roles())
                .filter(has -> Arrays.stream(roles).anyMatch(has::contains))
                .isPresent();
    }
}
