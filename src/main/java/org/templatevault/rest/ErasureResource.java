package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.erasure.Reapplication;
import org.templatevault.erasure.Receipts;

/** What stays of erasures. */
@Path("/erasures")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class ErasureResource {
    private static final UUID NIL = new UUID(0, 0);
    private static final UUID NEWEST = new UUID(-1, -1);
    private static final int PAGE = 100;

    @Inject
    Receipts receipts;

    @Inject
    Reapplication reapplication;

    /** A page of records and tombstones, to be applied again after a restore; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed("auditor")
    public String export(@QueryParam("cursor") @Nullable String cursor) {
        return ErasureJson.page(reapplication.export(cursor == null ? NIL : Api.uuid("cursor", cursor)))
                .toString();
    }

    /** The newest erasures and the steps that are recorded of each; the receipts say what the others wait for. */
    @GET
    @Path("/recent")
    @RolesAllowed({"eraser", "auditor"})
    public String recent(@QueryParam("cursor") @Nullable String cursor) {
        return ErasureJson.recent(receipts.newest(cursor == null ? NEWEST : Api.uuid("cursor", cursor), PAGE), PAGE)
                .toString();
    }

    /** The receipt of one erasure, signed as of now. */
    @GET
    @Path("/{erasure:" + Api.UUID_PATTERN + "}")
    @RolesAllowed({"eraser", "auditor"})
    public String get(@PathParam("erasure") UUID erasure) {
        return ErasureJson.receipt(receipts.receipt(erasure)).toString();
    }
}
