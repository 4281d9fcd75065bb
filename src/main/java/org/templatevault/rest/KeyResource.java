package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.CopyLedger;
import org.templatevault.destruction.DestructionLedger;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.WrapCounts;
import org.templatevault.vault.InvalidTemplateException;

/** The KEK versions: states and what stands under each. */
@Path("/keys")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class KeyResource {
    private static final String ONE = "/{version:[1-9][0-9]{0,8}}";
    private static final int BODY_BYTES = 4 << 10;

    @Inject
    Transactions transactions;

    @Inject
    KeyVersions keyVersions;

    @Inject
    DestructionLedger destructions;

    @Inject
    CopyLedger copyLedger;

    @Inject
    Caller caller;

    @Inject
    SubjectCounts counts;

    @Inject
    WrapCounts wrapCounts;

    /** All versions, oldest first. */
    @GET
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String list() {
        JsonArrayBuilder array = Json.createArrayBuilder();
        documents().values().forEach(array::add);
        return Json.createObjectBuilder().add("keys", array).build().toString();
    }

    /** One version. */
    @GET
    @Path(ONE)
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String get(@PathParam("version") int version) {
        return Optional.ofNullable(documents().get(version))
                .map(json -> withDestruction(json, version))
                .orElseThrow(NotFoundException::new);
    }

    private Map<Integer, JsonObjectBuilder> documents() {
        return transactions.read(() -> {
            Map<Integer, Long> subjects = counts.byVersion();
            Map<Integer, Long> wraps = wrapCounts.byVersion();
            Map<Integer, JsonObjectBuilder> documents = new LinkedHashMap<>();
            keyVersions.all().forEach(row -> documents.put(row.version(), json(row, subjects, wraps)));
            return documents;
        });
    }

    private String withDestruction(JsonObjectBuilder json, int version) {
        destructions
                .of(version)
                .ifPresent(report -> json.add("destruction", report.row().state()));
        return json.build().toString();
    }

    /** What stands under a version, at one point in time, and the registered backups that need it. */
    @GET
    @Path(ONE + "/usage")
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String usage(@PathParam("version") int version) {
        return KeyJson.usage(version, destructions.use(version)).toString();
    }

    /** Asks for the destruction of a version that nothing needs any more; somebody else has to approve it. */
    @POST
    @Path(ONE + ":destroy")
    @Consumes({MediaType.APPLICATION_JSON, MediaType.WILDCARD})
    @RolesAllowed("key-custodian")
    public Response destroy(@PathParam("version") int version, InputStream body) throws IOException {
        byte[] bytes = new BoundedInput(body, BODY_BYTES).readAllBytes();
        JsonObject json = bytes.length == 0 ? JsonObject.EMPTY_JSON_OBJECT : TemplateJson.parse(bytes);
        if (!Set.of("withoutNewerBackup").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("destruction", "has only withoutNewerBackup");
        }
        DestructionLedger.Report report =
                destructions.request(version, TemplateJson.flag(json, "withoutNewerBackup"), caller.name());
        return Response.accepted(KeyJson.destruction(report).build().toString())
                .location(URI.create("approvals/" + report.approval().id()))
                .build();
    }

    /** How far the newest destruction of a version is. */
    @GET
    @Path(ONE + "/destruction")
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String destruction(@PathParam("version") int version) {
        return destructions
                .of(version)
                .map(report -> KeyJson.destruction(report).build().toString())
                .orElseThrow(NotFoundException::new);
    }

    /** What the vault attests about a version that it has destroyed, and its signature. */
    @GET
    @Path(ONE + "/certificate")
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String certificate(@PathParam("version") int version) {
        return KeyJson.certificate(destructions.certificate(version)).toString();
    }

    /** Asks for the list of those whose keys ever stood under a version; somebody else has to approve it. */
    @POST
    @Path(ONE + "/exposure")
    @RolesAllowed("key-custodian")
    public Response requestExposure(@PathParam("version") int version) {
        return ApprovalResource.accepted(destructions.requestExposure(version, caller.name()));
    }

    /** A page of those whose keys ever stood under a version; {@code of} is {@code subjects} or {@code erasures}. */
    @GET
    @Path(ONE + "/exposure")
    @RolesAllowed({"key-custodian", "auditor"})
    public String exposure(
            @PathParam("version") int version,
            @QueryParam("approval") @Nullable String approval,
            @QueryParam("of") @DefaultValue("subjects") String of,
            @QueryParam("cursor") @Nullable String cursor) {
        UUID id = Api.uuid("approval", approval);
        UUID after = cursor == null ? new UUID(0, 0) : Api.uuid("cursor", cursor);
        return switch (of) {
            case "subjects" ->
                KeyJson.exposed(of, destructions.exposedSubjects(version, id, after))
                        .toString();
            case "erasures" ->
                KeyJson.exposed(of, destructions.exposedErasures(version, id, after))
                        .toString();
            default -> throw InvalidTemplateException.field("of", "subjects or erasures");
        };
    }

    /** The oldest registered backup of the database that opens whole. */
    @GET
    @Path("/restorable-since")
    @RolesAllowed({"key-custodian", "operator", "approver", "auditor"})
    public String restorableSince() {
        JsonObjectBuilder json = Json.createObjectBuilder();
        copyLedger
                .oldestThatOpens()
                .ifPresentOrElse(
                        copy -> json.add("restorableSince", copy.takenAt().toString())
                                .add("copy", CopyResource.json(copy)),
                        () -> json.addNull("restorableSince"));
        return json.build().toString();
    }

    private static JsonObjectBuilder json(KeyVersions.Row row, Map<Integer, Long> subjects, Map<Integer, Long> wraps) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("version", row.version())
                .add("state", row.state())
                .add("keyStore", row.keyStore())
                .add("suite", row.wrapSuite())
                .add("subjects", subjects.getOrDefault(row.version(), 0L));
        if (row.fingerprint() != null) {
            json.add("fingerprint", HexFormat.of().formatHex(row.fingerprint().toArray()));
        }
        json.add("wraps", wraps.getOrDefault(row.version(), 0L));
        add(json, "createdAt", row.createdAt());
        add(json, "activatedAt", row.activatedAt());
        add(json, "deactivatedAt", row.deactivatedAt());
        add(json, "compromisedAt", row.compromisedAt());
        add(json, "destroyedAt", row.destroyedAt());
        return json;
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant instant) {
        if (instant != null) {
            json.add(name, instant.toString());
        }
    }
}
