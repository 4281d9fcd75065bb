package org.templatevault.rest;

import jakarta.annotation.security.PermitAll;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.templatevault.retention.PolicyLedger;
import org.templatevault.trail.Retention;

/** The published retention schedule, for everybody: what is in force, what was announced, how long the trail is kept. */
@Path("/public/retention-policy")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class PublicPolicyResource {
    @Inject
    PolicyLedger ledger;

    @Inject
    Retention trail;

    /** Without the names of those who made it. */
    @GET
    @PermitAll
    public String get() {
        return Json.createObjectBuilder()
                .add("policies", RetentionPolicyResource.array(ledger.present(), RetentionPolicyJson::published))
                .add("auditTrail", Json.createObjectBuilder().add("keptMonths", trail.months()))
                .build()
                .toString();
    }
}
