package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.SubjectCounts;

/** The KEK versions: states and what stands under each. */
@Path("/keys")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class KeyResource {
    @Inject
    KeyVersions keyVersions;

    @Inject
    SubjectCounts counts;

    /** All versions, oldest first. */
    @GET
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String list() {
        Map<Integer, Long> subjects = counts.byVersion();
        JsonArrayBuilder array = Json.createArrayBuilder();
        keyVersions.all().forEach(row -> array.add(json(row, subjects)));
        return Json.createObjectBuilder().add("keys", array).build().toString();
    }

    /** One version. */
    @GET
    @Path("/{version:[1-9][0-9]{0,8}}")
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String get(@PathParam("version") int version) {
        Map<Integer, Long> subjects = counts.byVersion();
        return keyVersions.all().stream()
                .filter(row -> row.version() == version)
                .findFirst()
                .map(row -> json(row, subjects).build().toString())
                .orElseThrow(NotFoundException::new);
    }

    private static JsonObjectBuilder json(KeyVersions.Row row, Map<Integer, Long> subjects) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("version", row.version())
                .add("state", row.state())
                .add("keyStore", row.keyStore())
                .add("suite", row.wrapSuite())
                .add("subjects", subjects.getOrDefault(row.version(), 0L));
        add(json, "createdAt", row.createdAt());
        add(json, "activatedAt", row.activatedAt());
        add(json, "deactivatedAt", row.deactivatedAt());
        add(json, "destroyedAt", row.destroyedAt());
        return json;
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant instant) {
        if (instant != null) {
            json.add(name, instant.toString());
        }
    }
}
