package org.templatevault.rest;

import jakarta.json.JsonObject;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import org.templatevault.error.VaultException;
import org.templatevault.vault.BatchAccess.Wanted;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.Outcome;

/** One item of a batch that names templates. */
final class BatchAddress {
    private BatchAddress() {}

    /**
     * The items of a body.
     *
     * @throws VaultException for a body that is none, or that wants all or nothing
     */
    static List<Outcome<Wanted>> readAll(InputStream body) {
        BatchBody<Outcome<Wanted>> batch = new BatchBody<>(BatchBody.ADDRESSES_BYTES, BatchAddress::read);
        batch.read(body);
        if (batch.isAtomic()) {
            throw InvalidTemplateException.field(
                    "atomic", "only where templates are stored; here each item is done for itself");
        }
        return batch.items();
    }

    private static Outcome<Wanted> read(JsonObject json) {
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
