package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.templatevault.console.Jobs;

/** What runs long, and what did. */
@Path("/jobs")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class JobResource {
    @Inject
    Jobs jobs;

    /** Jobs of every kind: those that have not ended, then the newest, at most 100. */
    @GET
    @RolesAllowed({"operator", "key-custodian", "approver", "auditor", "eraser"})
    public String list() {
        JsonArrayBuilder array = Json.createArrayBuilder();
        jobs.newest().forEach(row -> array.add(OverviewJson.job(row)));
        return Json.createObjectBuilder().add("jobs", array).build().toString();
    }
}
