package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Policies.Version;
import org.templatevault.retention.PolicyLedger;

/** The retention policies. */
@Path("/policies")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class RetentionPolicyResource {
    private static final String ONE = "/{policy:[a-z][a-z0-9-]{0,39}}";
    private static final int BODY_BYTES = 8 << 10;

    @Inject
    PolicyLedger ledger;

    @Inject
    Conditions conditions;

    @Inject
    Caller caller;

    /** Of each policy the newest version, and the one in force where that is another. */
    @GET
    @RolesAllowed({"enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator"})
    public String list() {
        return list("policies", ledger.present(), RetentionPolicyJson::json);
    }

    private static String list(String name, List<Version> versions, Function<Version, JsonObjectBuilder> json) {
        return Json.createObjectBuilder()
                .add(name, array(versions, json))
                .build()
                .toString();
    }

    static JsonArrayBuilder array(List<Version> versions, Function<Version, JsonObjectBuilder> json) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        versions.forEach(version -> array.add(json.apply(version)));
        return array;
    }

    /** The newest version; the ETag is its number. */
    @GET
    @Path(ONE)
    @RolesAllowed({"enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator"})
    public Response get(@PathParam("policy") String policy) {
        return answer(Response.ok(), ledger.newest(policy));
    }

    /** All versions, the oldest first. */
    @GET
    @Path(ONE + "/versions")
    @RolesAllowed({"enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator"})
    public String versions(@PathParam("policy") String policy) {
        return list("versions", ledger.versions(policy), RetentionPolicyJson::json);
    }

    /** Makes a policy or its next version; what shortens a limit becomes a request that another person has to approve. */
    @PUT
    @Path(ONE)
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("eraser")
    public Response put(
            @PathParam("policy") String policy, @HeaderParam("If-Match") @Nullable String ifMatch, InputStream body)
            throws IOException {
        Long expected = ifMatch == null ? null : conditions.ifMatch(ifMatch);
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        PolicyLedger.Change change = ledger.put(policy, RetentionPolicyJson.read(json), expected, caller.name());
        Version published = change.published();
        if (published != null) {
            return published.version() == 1
                    ? answer(Response.created(URI.create("policies/" + policy)), published)
                    : answer(Response.ok(), published);
        }
        return ApprovalResource.accepted(java.util.Objects.requireNonNull(change.approval()));
    }

    private static Response answer(Response.ResponseBuilder response, Version version) {
        return response.entity(RetentionPolicyJson.json(version).build().toString())
                .header("ETag", '"' + Integer.toString(version.version()) + '"')
                .build();
    }
}
