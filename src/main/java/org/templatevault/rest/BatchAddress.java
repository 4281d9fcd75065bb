package org.templatevault.rest;

import jakarta.json.JsonObject;
import java.util.Set;
import org.templatevault.error.VaultException;
import org.templatevault.vault.BatchAccess.Wanted;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.Outcome;

/** One item of a batch that names templates. */
final class BatchAddress {
    private BatchAddress() {}

    static Outcome<Wanted> read(JsonObject json) {
        try {
            if (!Set.of("subject", "template", "version").containsAll(json.keySet())) {
                throw InvalidTemplateException.field("item", "has only subject, template and version");
            }
            return Outcome.of(new Wanted(
                    TemplateJson.uuid(json, "subject"),
                    TemplateJson.uuid(json, "template"),
                    TemplateJson.integer(json, "version")));
        } catch (VaultException refused) {
            return Outcome.failed(refused);
        }
    }
}
