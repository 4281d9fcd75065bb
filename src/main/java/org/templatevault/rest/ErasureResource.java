package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.HexFormat;
import java.util.UUID;
import org.templatevault.persistence.Erasures;
import org.templatevault.vault.SubjectVault;

/** What stays of an erasure. */
@Path("/erasures")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class ErasureResource {
    @Inject
    SubjectVault vault;

    /** The record of one erasure. */
    @GET
    @Path("/{erasure:" + Api.UUID_PATTERN + "}")
    @RolesAllowed({"eraser", "auditor"})
    public String get(@PathParam("erasure") UUID erasure) {
        return json(vault.erasure(erasure)).toString();
    }

    static JsonObject json(Erasures.Row erasure) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("id", erasure.id().toString())
                .add("reason", erasure.reason())
                .add("requestedBy", erasure.requestedBy())
                .add("logicalAt", erasure.logicalAt().toString())
                .add("templates", erasure.templates())
                .add("firstKeyVersion", erasure.firstKekVersion())
                .add("lastKeyVersion", erasure.lastKekVersion());
        if (erasure.pseudonym() != null) {
            json.add("pseudonym", HexFormat.of().formatHex(erasure.pseudonym().toArray()));
        }
        return json.build();
    }
}
