package org.templatevault.rest;

import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Templates;
import org.templatevault.vault.InvalidTemplateException;
import org.templatevault.vault.VersionVault;

/** Which templates outdated extractors made: metadata only. Templates do not survive a change of their extractor. */
@Path("/templates:outdated")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public class OutdatedResource {
    private static final int PAGE = 1_000;
    private static final int MOST_VERSIONS = 1_000;
    private static final int BODY_BYTES = 128 << 10;
    private static final String NIL = new UUID(0, 0) + "." + new UUID(0, 0);

    @Inject
    VersionVault vault;

    /** A page of templates whose newest version one of these extractors made. */
    @POST
    @RolesAllowed({"auditor", "operator"})
    public String list(InputStream body) throws IOException {
        JsonObject json = TemplateJson.parse(new BoundedInput(body, BODY_BYTES).readAllBytes());
        if (!Set.of("extractors", "cursor").containsAll(json.keySet())) {
            throw InvalidTemplateException.field("outdated", "has only extractors and cursor");
        }
        List<String> names = new ArrayList<>();
        List<String> versions = new ArrayList<>();
        readExtractors(json, names, versions);
        List<Templates.Outdated> found =
                vault.outdated(names, versions, after(TemplateJson.text(json, "cursor", "cursor")), PAGE);
        JsonArrayBuilder array = Json.createArrayBuilder();
        found.forEach(template -> array.add(json(template)));
        JsonObjectBuilder page = Json.createObjectBuilder().add("templates", array);
        if (found.size() == PAGE) {
            Templates.Outdated last = found.get(PAGE - 1);
            page.add("next", last.subjectId() + "." + last.id());
        }
        return page.build().toString();
    }

    private static void readExtractors(JsonObject json, List<String> names, List<String> versions) {
        for (JsonValue value : array(json, "extractors")) {
            if (!(value instanceof JsonObject extractor)
                    || !Set.of("name", "versions").equals(extractor.keySet())) {
                throw InvalidTemplateException.field("extractors", "objects with name and versions");
            }
            for (JsonValue version : array(extractor, "versions")) {
                if (!(version instanceof JsonString text)) {
                    throw InvalidTemplateException.field("versions", "an array of strings");
                }
                names.add(TemplateJson.required(extractor, "name"));
                versions.add(text.getString());
            }
        }
        if (names.isEmpty() || names.size() > MOST_VERSIONS) {
            throw InvalidTemplateException.field("versions", "1 to " + MOST_VERSIONS + " in all");
        }
    }

    private static JsonArray array(JsonObject json, String field) {
        if (json.get(field) instanceof JsonArray array) {
            return array;
        }
        throw InvalidTemplateException.field(field, "an array");
    }

    private static Templates.Address after(@Nullable String cursor) {
        String[] parts = (cursor == null ? NIL : cursor).split("\\.", -1);
        if (parts.length != 2) {
            throw InvalidTemplateException.field("cursor", "what an earlier answer gave as next");
        }
        return new Templates.Address(Api.uuid("cursor", parts[0]), Api.uuid("cursor", parts[1]), 0);
    }

    private static JsonObjectBuilder json(Templates.Outdated template) {
        return Json.createObjectBuilder()
                .add("subject", template.subjectId().toString())
                .add("template", template.id().toString())
                .add("version", template.version())
                .add("modality", template.modality())
                .add(
                        "extractor",
                        Json.createObjectBuilder()
                                .add("name", template.extractorName())
                                .add("version", template.extractorVersion()))
                .add("createdAt", template.createdAt().toString());
    }
}
