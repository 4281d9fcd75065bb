package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.templatevault.console.Overview;
import org.templatevault.console.Traffic;

/** The vault at a glance: its state and what needs attention. */
@Path("/overview")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class OverviewResource {
    @Inject
    Overview overview;

    @Inject
    Traffic traffic;

    /** One picture, at most five seconds old, with the requests of this node in the last hour. */
    @GET
    @RolesAllowed({"operator", "key-custodian", "approver", "auditor", "eraser"})
    public String get() {
        return OverviewJson.json(overview.look(), traffic.lastHour()).toString();
    }
}
