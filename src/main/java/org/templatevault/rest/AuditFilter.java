package org.templatevault.rest;

import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.ext.Provider;
import java.lang.annotation.Annotation;
import java.security.Principal;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Caller;
import org.templatevault.config.Settings;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.AuditUnavailableException;
import org.templatevault.trail.Refusals;
import org.templatevault.trail.Trail;

/**
 * Opens the audit context of each request and ends it: an answer leaves only when the trail has what it tells. Runs
 * before roles are checked, so that a denial is known like any other outcome.
 */
@Provider
@Priority(Priorities.AUTHENTICATION - 50)
public class AuditFilter implements ContainerRequestFilter, ContainerResponseFilter {
    private static final System.Logger LOG = System.getLogger(AuditFilter.class.getName());
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
    private static final String SUBJECT = "subject";

    @Context
    ResourceInfo resource;

    @Context
    HttpServletRequest servletRequest;

    @Context
    SecurityContext security;

    @Inject
    Settings settings;

    @Inject
    Trail trail;

    @Inject
    Refusals refusals;

    @Override
    public void filter(ContainerRequestContext request) {
        open(request);
    }

    private AuditContext open(ContainerRequestContext request) {
        String method = RequestLog.method(request);
        AuditContext context = AuditContext.ofRequest(
                method + " " + RequestLog.route(resource), !READS.contains(method), this::caller);
        context.describe(
                RequestLog.currentRequestId(),
                known(request.getHeaderString("X-Purpose"), settings.purposes()),
                known(request.getHeaderString("X-Reason"), settings.reasons()));
        MultivaluedMap<String, String> path = request.getUriInfo().getPathParameters();
        path.forEach((name, values) -> {
            String value = values.get(0);
            if (name.equals(SUBJECT)) {
                AuditContext.about(UUID.fromString(value));
            } else {
                context.addTarget(name, value);
            }
        });
        return context;
    }

    /** What is not on the list is the caller's own text, and does not belong into the trail. */
    private static @Nullable String known(@Nullable String value, Set<String> allowed) {
        return value != null && allowed.contains(value) ? value : null;
    }

    private Caller caller() {
        Principal principal = security.getUserPrincipal();
        List<String> roles = principal == null
                ? List.of()
                : Api.ROLES.stream().filter(security::isUserInRole).toList();
        return new Caller(principal == null ? null : principal.getName(), roles, servletRequest.getRemoteAddr());
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        boolean leaves = false;
        try (AuditContext context = AuditContext.current().orElseGet(() -> open(request))) {
            int status = response.getStatus();
            if (context.caller().name() == null) {
                refusals.count(null, String.valueOf(context.caller().address()), status);
            } else {
                answer(context, response, status);
            }
            leaves = true;
        } finally {
            if (!leaves) {
                release(response);
            }
        }
    }

    private void answer(AuditContext context, ContainerResponseContext response, int status) {
        try {
            trail.answer(context, status);
        } catch (RuntimeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The audit trail cannot be written requestId=" + context.requestId(),
                    e);
            refusals.count(
                    context.caller().name(), String.valueOf(context.caller().address()), 503);
            if (status != 503) {
                refuse(response, e, context.requestId());
            }
        }
    }

    private static void refuse(ContainerResponseContext response, RuntimeException cause, @Nullable String requestId) {
        release(response);
        VaultException refusal = new AuditUnavailableException(cause);
        response.getHeaders().clear();
        response.getHeaders().putSingle("Retry-After", Problem.RETRY_AFTER_SECONDS);
        response.setStatus(Problem.status(refusal.kind()));
        response.setEntity(
                Problem.document(refusal, requestId).toString(),
                new Annotation[0],
                MediaType.valueOf(Api.PROBLEM_JSON));
    }

    private static void release(ContainerResponseContext response) {
        if (response.getEntity() instanceof HeldAnswer held) {
            held.close();
        }
    }
}
