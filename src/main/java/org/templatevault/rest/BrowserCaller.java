package org.templatevault.rest;

import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.ext.Provider;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** Refuses content to callers in a browser, whatever their roles: a template's bytes never get there. */
@Provider
@ReturnsContent
@Priority(Priorities.AUTHORIZATION + 2)
public class BrowserCaller implements ContainerRequestFilter {
    /** The authentication scheme of a caller who is known by the console's session. */
    public static final String SCHEME = "SESSION";

    @Override
    public void filter(ContainerRequestContext request) {
        if (SCHEME.equals(request.getSecurityContext().getAuthenticationScheme())) {
            throw new VaultException(
                    ErrorKind.FORBIDDEN, "content-refused", "A session of the console is given no template's content");
        }
    }
}
