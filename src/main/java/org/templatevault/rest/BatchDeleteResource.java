package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.templatevault.vault.BatchAccess;
import org.templatevault.vault.BatchAccess.Wanted;
import org.templatevault.vault.Outcome;
import org.templatevault.vault.VaultMetrics;

/** Deletes many templates. */
@Path("/templates:batchDelete")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public class BatchDeleteResource {
    @Inject
    BatchAccess access;

    @Inject
    Conditions conditions;

    @Inject
    VaultMetrics metrics;

    /** Deletes the items, each for itself; a version given must be the present one. */
    @POST
    @RolesAllowed("eraser")
    public Response delete(@HeaderParam("X-Reason") @Nullable String reason, InputStream body) {
        conditions.requireReason(reason);
        List<Outcome<Wanted>> items = BatchAddress.readAll(body);
        return BatchAnswer.of(access.delete(items), 204, BatchDeleteResource::json, metrics, () -> {});
    }

    private static JsonObjectBuilder json(Wanted item) {
        return Json.createObjectBuilder()
                .add("subject", item.subject().toString())
                .add("template", item.template().toString());
    }
}
