package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.Set;
import org.templatevault.trail.Finding;
import org.templatevault.trail.Report;
import org.templatevault.trail.Verification;
import org.templatevault.vault.InvalidTemplateException;

/** Proves that the audit trail and the template rows are what was written. */
@Path("/audit:verify")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class AuditVerifyResource {
    private static final int BODY_BYTES = 64 << 10;

    @Inject
    Verification verification;

    /** Verifies everything and answers with what was found; takes as long as reading all of it takes. */
    @POST
    @Consumes({MediaType.APPLICATION_JSON, MediaType.WILDCARD})
    @RolesAllowed("auditor")
    public String verify(InputStream body) throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = bytes.length == 0 ? JsonObject.EMPTY_JSON_OBJECT : TemplateJson.parse(bytes);
        if (!Set.of("checkpoint").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("verification", "has only checkpoint");
        }
        return json(verification.verify(Optional.ofNullable(TemplateJson.text(json, "checkpoint", "checkpoint"))))
                .build()
                .toString();
    }

    private static JsonObjectBuilder json(Report report) {
        JsonArrayBuilder findings = Json.createArrayBuilder();
        report.findings().forEach(finding -> findings.add(json(finding)));
        return Json.createObjectBuilder()
                .add("intact", report.found() == 0)
                .add("blocks", report.blocks())
                .add("entries", report.entries())
                .add("waiting", report.waiting())
                .add("templates", report.templates())
                .add("pruned", Json.createArrayBuilder(report.pruned()))
                .add("found", report.found())
                .add("findings", findings);
    }

    private static JsonObjectBuilder json(Finding finding) {
        JsonObjectBuilder json = Json.createObjectBuilder().add("kind", finding.kind());
        finding.where().forEach(json::add);
        return json;
    }
}
