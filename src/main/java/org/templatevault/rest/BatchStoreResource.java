package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.JsonObject;
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
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Templates;
import org.templatevault.vault.BatchItem;
import org.templatevault.vault.BatchVault;
import org.templatevault.vault.NewTemplate;
import org.templatevault.vault.Outcome;
import org.templatevault.vault.RequestKey;
import org.templatevault.vault.Rules;
import org.templatevault.vault.VaultMetrics;

/** Stores many templates; one that is too large or malformed spoils no other. */
@Path("/templates:batchStore")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public class BatchStoreResource {
    @Inject
    BatchVault vault;

    @Inject
    BatchTurns turns;

    @Inject
    Rules rules;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    @Inject
    VaultMetrics metrics;

    /** Stores the items, all or nothing where {@code atomic} is true. */
    @POST
    @RolesAllowed("enroller")
    public Response store(@HeaderParam("Idempotency-Key") @Nullable String idempotencyKey, InputStream body) {
        List<Outcome<Templates.Metadata>> outcomes = turns.store(() -> {
            BatchBody<BatchItem> batch = new BatchBody<>(BatchBody.TEMPLATES_BYTES, this::item);
            try {
                batch.read(body);
                RequestKey key = conditions.requestKey(idempotencyKey, "POST /templates:batchStore", batch.digest());
                return vault.store(batch.items(), batch.isAtomic(), caller.name(), key);
            } finally {
                batch.items().forEach(BatchItem::close);
            }
        });
        return BatchAnswer.of(outcomes, 201, TemplateJson::metadata, metrics, () -> {});
    }

    private BatchItem item(JsonObject json) {
        try (NewTemplate template = TemplateJson.read(json)) {
            rules.check(template);
            return BatchItem.of(TemplateJson.uuid(json, "subject"), template);
        } catch (VaultException refused) {
            return BatchItem.refused(refused);
        }
    }
}
