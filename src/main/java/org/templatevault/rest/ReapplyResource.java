package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.templatevault.erasure.Reapplication;

/** Erases again whom a restored database has brought back. */
@Path("/erasures:reapply")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class ReapplyResource {
    private static final int BODY_BYTES = 2 << 20;

    @Inject
    Reapplication reapplication;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Takes over a page of exported records and begins the walk over all subjects. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("eraser")
    public Response apply(@HeaderParam("X-Reason") @Nullable String reason, InputStream body) throws IOException {
        String allowed = conditions.requireReason(reason);
        var records = ErasureJson.records(TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes()));
        return Response.accepted(ErasureJson.walk(reapplication.apply(records, allowed, caller.name()))
                        .toString())
                .build();
    }

    /** How far the walk is, or how the last one ended. */
    @GET
    @RolesAllowed({"eraser", "auditor"})
    public String status() {
        return ErasureJson.walk(reapplication.status()).toString();
    }
}
