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

    /** The receipt of one erasure, signed as of now. */
    @GET
    @Path("/{erasure:" + Api.UUID_PATTERN + "}")
    @RolesAllowed({"eraser", "auditor"})
    public String get(@PathParam("erasure") UUID erasure) {
        return ErasureJson.receipt(receipts.receipt(erasure)).toString();
    }
}
