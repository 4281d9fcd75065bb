package org.templatevault.rest;

import jakarta.annotation.security.PermitAll;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.templatevault.retention.PolicyLedger;

/** The published retention schedule, for everybody: what is in force, and what was announced. */
@Path("/public/retention-policy")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class PublicPolicyResource {
    @Inject
    PolicyLedger ledger;

    /** Without the names of those who made it. */
    @GET
    @PermitAll
    public String get() {
        return RetentionPolicyResource.list("policies", ledger.present(), RetentionPolicyJson::published);
    }
}
