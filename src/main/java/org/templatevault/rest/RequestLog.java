package org.templatevault.rest;

import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.ext.Provider;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.security.Principal;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.templatevault.console.Traffic;

/**
 * Gives each request an id, writes one line when it ends, and forbids caches. The line names the route's pattern, never
 * the path, which holds ids.
 */
@Provider
@PreMatching
@Priority(Priorities.AUTHENTICATION - 100)
public class RequestLog implements ContainerRequestFilter, ContainerResponseFilter {
    private static final System.Logger LOG = System.getLogger("org.templatevault.access");
    private static final String ID = RequestLog.class.getName() + ".id";
    private static final String BEGAN = RequestLog.class.getName() + ".began";
    private static final Pattern GIVEN_ID = Pattern.compile("[A-Za-z0-9._-]{8,64}");
    private static final Pattern PARAMETER = Pattern.compile("\\{\\s*(\\w+)\\s*:[^/]*?\\}(?=[/:]|$)");
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");
    private static final Map<Method, String> ROUTES = new ConcurrentHashMap<>();
    private static final ThreadLocal<String> CURRENT = new ThreadLocal<>();

    @Context
    ResourceInfo resource;

    @Context
    SecurityContext security;

    @Inject
    Traffic traffic;

    /** The id of the request that this thread serves, or a dash. */
    static String currentRequestId() {
        String id = CURRENT.get();
        return id == null ? "-" : id;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        String given = request.getHeaderString("X-Request-Id");
        String id = given != null && GIVEN_ID.matcher(given).matches()
                ? given
                : UUID.randomUUID().toString();
        request.setProperty(ID, id);
        request.setProperty(BEGAN, System.nanoTime());
        CURRENT.set(id);
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        Object id = request.getProperty(ID);
        Object began = request.getProperty(BEGAN);
        response.getHeaders().putSingle("Cache-Control", "no-store");
        response.getHeaders().putSingle("X-Content-Type-Options", "nosniff");
        response.getHeaders().putSingle("X-Request-Id", id);
        if (response.getStatus() >= 400 && !response.hasEntity()) {
            int status = response.getStatus();
            String document = Problem.base(status, Problem.code(status), null, String.valueOf(id))
                    .build()
                    .toString();
            response.setEntity(document, new Annotation[0], MediaType.valueOf(Api.PROBLEM_JSON));
        }
        long micros = began instanceof Long nanos ? (System.nanoTime() - nanos) / 1000 : 0;
        traffic.answered(response.getStatus(), micros);
        LOG.log(
                System.Logger.Level.INFO,
                "method={0} route={1} status={2} micros={3} requestId={4} caller={5}",
                method(request),
                route(resource),
                Integer.toString(response.getStatus()),
                Long.toString(micros),
                id,
                caller());
        CURRENT.remove();
    }

    /** The method of a request, or {@code OTHER} where it is none that HTTP has: the caller's own text. */
    static String method(ContainerRequestContext request) {
        String method = request.getMethod();
        return METHODS.contains(method) ? method : "OTHER";
    }

    /** The pattern of the route that a request has found, without an id in it. */
    static String route(ResourceInfo resource) {
        Class<?> type = resource.getResourceClass();
        Method method = resource.getResourceMethod();
        if (type == null || method == null) {
            return "none";
        }
        return ROUTES.computeIfAbsent(
                method,
                one -> "/api/v1" + pattern(type.getAnnotation(Path.class)) + pattern(one.getAnnotation(Path.class)));
    }

    private static String pattern(@Nullable Path path) {
        return path == null ? "" : PARAMETER.matcher(path.value()).replaceAll("{$1}");
    }

    private String caller() {
        Principal principal = security.getUserPrincipal();
        return principal == null ? "-" : principal.getName();
    }
}
