package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.SubjectVault;

/** Finds a subject by the caller's own reference, which travels in the body and never in a URL. */
@Path("/subjects:search")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class SubjectSearchResource {
    private static final int BODY_BYTES = 8 << 10;

    @Inject
    SubjectVault vault;

    /** The subject's id. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed({"enroller", "reader", "eraser"})
    public String search(InputStream body) throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        String reference = SubjectResource.reference(TemplateJson.parse(bytes));
        if (reference == null) {
            throw InvalidTemplateException.field("reference", "required");
        }
        return Json.createObjectBuilder()
                .add("id", vault.search(reference).toString())
                .build()
                .toString();
    }
}
