package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.AuditEntries.Cursor;
import org.templatevault.persistence.AuditEntries.Filter;
import org.templatevault.persistence.Bytes;
import org.templatevault.trail.Export;
import org.templatevault.trail.Retention;
import org.templatevault.trail.TrailReader;
import org.templatevault.vault.InvalidTemplateException;

/** The audit trail, for auditors: entries, the whole of it as a stream, checkpoints, and the keys that verify it. */
@Path("/audit")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
public class AuditResource {
    static final String NDJSON = "application/x-ndjson";
    private static final int MOST = 1000;
    private static final int BODY_BYTES = 4 << 10;
    private static final Set<String> PARAMETERS =
            Set.of("from", "to", "action", "outcome", "caller", "subject", "subjectTag", "cursor", "limit");

    @Inject
    TrailReader reader;

    @Inject
    Export export;

    @Inject
    Retention retention;

    @Inject
    Caller caller;

    /** The entries that fit, the oldest first; {@code next} is there while there may be more. */
    @GET
    @RolesAllowed("auditor")
    public String list(@Context UriInfo uri, @QueryParam("limit") @DefaultValue("100") String limit) {
        MultivaluedMap<String, String> query = uri.getQueryParameters();
        if (!PARAMETERS.containsAll(query.keySet())) {
            throw InvalidTemplateException.field(
                    "query",
                    "has only the parameters " + PARAMETERS.stream().sorted().toList());
        }
        int most = number("limit", limit);
        List<AuditEntries.Row> rows = reader.page(filter(query), cursor(query.getFirst("cursor")), most);
        StringBuilder json = new StringBuilder("{\"entries\":[");
        for (int i = 0; i < rows.size(); i++) {
            json.append(i == 0 ? "" : ",").append(rows.get(i).line());
        }
        json.append(']');
        if (rows.size() == most) {
            AuditEntries.Row last = rows.get(rows.size() - 1);
            json.append(",\"next\":\"")
                    .append(last.at())
                    .append('_')
                    .append(last.id())
                    .append('"');
        }
        return json.append('}').toString();
    }

    private Filter filter(MultivaluedMap<String, String> query) {
        String subject = query.getFirst("subject");
        String tag = query.getFirst("subjectTag");
        if (subject != null && tag != null) {
            throw InvalidTemplateException.field("subjectTag", "not together with subject");
        }
        return new Filter(
                instant("from", query.getFirst("from")),
                instant("to", query.getFirst("to")),
                text("action", query),
                text("outcome", query),
                text("caller", query),
                subject == null ? tag(tag) : reader.tag(Api.uuid("subject", subject)));
    }

    private static @Nullable String text(String name, MultivaluedMap<String, String> query) {
        String value = query.getFirst(name);
        if (value != null && value.chars().anyMatch(Character::isISOControl)) {
            throw InvalidTemplateException.field(name, "no control characters");
        }
        return value;
    }

    private static @Nullable Instant instant(String name, @Nullable String value) {
        try {
            return value == null ? null : Instant.parse(value);
        } catch (DateTimeParseException notATime) {
            throw InvalidTemplateException.field(name, "a time such as 2026-03-01T02:00:00Z");
        }
    }

    private static @Nullable Bytes tag(@Nullable String value) {
        if (value != null && !value.matches("[0-9a-f]{64}")) {
            throw InvalidTemplateException.field("subjectTag", "64 hexadecimal digits, such as an entry has");
        }
        return value == null ? null : Bytes.of(HexFormat.of().parseHex(value));
    }

    private static @Nullable Cursor cursor(@Nullable String value) {
        if (value == null) {
            return null;
        }
        String[] parts = value.split("_", 2);
        Instant at = parts.length == 2 ? instant("cursor", parts[0]) : null;
        if (at == null) {
            throw InvalidTemplateException.field("cursor", "what an earlier answer gave as next");
        }
        UUID id = Api.uuid("cursor", parts[1]);
        return new Cursor(at, id);
    }

    private static int number(String name, String value) {
        int number = value.matches("[0-9]{1,4}") ? Integer.parseInt(value) : 0;
        if (number < 1 || number > MOST) {
            throw InvalidTemplateException.field(name, "1 to " + MOST);
        }
        return number;
    }

    /** The whole trail as a stream: each block, then its entries, then what waits for a block, then the end. */
    @GET
    @Path("/export")
    @Produces(NDJSON)
    @RolesAllowed("auditor")
    public StreamingOutput export() {
        return new HeldAnswer(export::write, export.begin());
    }

    /** The newest blocks as checkpoints, the oldest of them first: to be kept elsewhere. */
    @GET
    @Path("/checkpoints")
    @Produces(NDJSON)
    @RolesAllowed({"auditor", "operator"})
    public String checkpoints(@QueryParam("limit") @DefaultValue("1") String limit) {
        StringBuilder lines = new StringBuilder();
        reader.checkpoints(number("limit", limit))
                .forEach(line -> lines.append(line).append('\n'));
        return lines.toString();
    }

    /** The public keys that the blocks are signed with, in the order of their numbers. */
    @GET
    @Path("/keys")
    @Produces("application/x-pem-file")
    @RolesAllowed({"auditor", "operator"})
    public String keys() {
        StringBuilder pem = new StringBuilder();
        reader.publicKeys().values().forEach(key -> pem.append(KeyJson.pem(key.toArray())));
        return pem.toString();
    }

    /** How long the trail is kept, and the months of which only the blocks' headers are left. */
    @GET
    @Path("/retention")
    @RolesAllowed({"auditor", "operator"})
    public String retention() {
        return Json.createObjectBuilder()
                .add("months", retention.months())
                .add("pruned", Json.createArrayBuilder(retention.pruned()))
                .build()
                .toString();
    }

    /** Asks to give up the entries of a month; somebody else has to approve it, and the schema's owner drops it. */
    @POST
    @Path("/months/{month:[0-9]{4}-[0-9]{2}}:drop")
    @Consumes(MediaType.APPLICATION_JSON)
    @RolesAllowed("operator")
    public Response drop(@PathParam("month") String month, InputStream body) throws IOException {
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        String head = TemplateJson.text(json, "head", "head");
        if (head == null || json.size() != 1) {
            throw InvalidTemplateException.field(
                    "head", "required: that of the month, as the export's verification has it");
        }
        return ApprovalResource.accepted(retention.request(month, head, caller.name()));
    }
}
