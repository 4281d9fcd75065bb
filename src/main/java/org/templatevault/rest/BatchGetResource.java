package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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
import org.templatevault.vault.TemplateVault.Opened;
import org.templatevault.vault.VaultMetrics;

/** Opens many templates. */
@Path("/templates:batchGet")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public class BatchGetResource {
    @Inject
    BatchAccess access;

    @Inject
    BatchTurns turns;

    @Inject
    Conditions conditions;

    @Inject
    VaultMetrics metrics;

    /** The templates with their data; past 16 MiB the items answer 413. */
    @POST
    @RolesAllowed("reader")
    @ReturnsContent
    public Response get(@HeaderParam("X-Purpose") @Nullable String purpose, InputStream body) {
        conditions.requirePurpose(purpose);
        List<Outcome<Wanted>> items = BatchAddress.readAll(body);
        Runnable turn = turns.beginToRead();
        boolean answered = false;
        try {
            List<Outcome<Opened>> outcomes = access.get(items);
            Response answer =
                    BatchAnswer.of(outcomes, 200, TemplateJson::content, metrics, () -> release(outcomes, turn));
            answered = true;
            return answer;
        } finally {
            if (!answered) {
                turn.run();
            }
        }
    }

    private static void release(List<Outcome<Opened>> outcomes, Runnable turn) {
        for (Outcome<Opened> outcome : outcomes) {
            Opened opened = outcome.value();
            if (opened != null) {
                opened.close();
            }
        }
        turn.run();
    }
}
