package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Proves and exports the audit trail. */
@Command(
        name = "audit",
        description = "Proves and exports the audit trail. Role: auditor.",
        footer = "  vault audit verify --home .vault")
final class AuditCommand {
    private static final Duration LONG = Duration.ofHours(2);
    /** Begins the last line of an export. */
    private static final String END = "{\"type\":\"end\",";

    @Command(
            name = "verify",
            description = "Has the trail and the templates' rows verified. Ends with 6 if anything was found.",
            footer = {"  vault audit verify --checkpoints .vault/checkpoints.ndjson \\", "    --home .vault"})
    int verify(
            @Mixin Session session,
            @Option(
                            names = "--checkpoints",
                            paramLabel = "FILE",
                            description = "file of checkpoints that was kept elsewhere: its newest line must fit")
                    @Nullable Path checkpoints)
            throws Exception {
        JsonObjectBuilder body = Json.createObjectBuilder();
        if (checkpoints != null) {
            body.add("checkpoint", newest(session, checkpoints));
        }
        JsonObject found = session.api("auditor")
                .post("/audit:verify")
                .timeout(LONG)
                .json(body.build())
                .send()
                .json();
        session.answer(found, () -> text(found));
        return found.getBoolean("intact") ? ExitCode.DONE : ExitCode.INTEGRITY;
    }

    private static String newest(Session session, Path checkpoints) throws Exception {
        try (var lines = Files.lines(checkpoints)) {
            return lines.filter(line -> !line.isBlank())
                    .reduce((earlier, later) -> later)
                    .orElseThrow(() -> session.usage("no checkpoint in " + checkpoints));
        }
    }

    static String text(JsonObject found) {
        String looked = String.format(
                        "%s, %s, %s waiting for their block, %s",
                        Text.count(found.getInt("blocks"), "block", "blocks"),
                        Text.count(found.getJsonNumber("entries").longValue(), "entry", "entries"),
                        Text.field(found, "waiting"),
                        Text.count(found.getJsonNumber("templates").longValue(), "template row", "template rows"))
                + givenUp(found);
        if (found.getBoolean("intact")) {
            return "intact: " + looked + "\n";
        }
        List<JsonObject> findings = found.getJsonArray("findings").getValuesAs(JsonObject.class);
        return "NOT INTACT: " + Text.field(found, "found") + " found in " + looked + "\n"
                + findings.stream().map(AuditCommand::finding).collect(Collectors.joining());
    }

    /** The months of which only the blocks' headers are left. */
    private static String givenUp(JsonObject found) {
        List<JsonString> months = found.getJsonArray("pruned").getValuesAs(JsonString.class);
        return months.isEmpty()
                ? ""
                : months.stream()
                        .map(month -> Text.printable(month.getString()))
                        .collect(Collectors.joining(", ", "; given up: ", ""));
    }

    private static String finding(JsonObject finding) {
        return "  "
                + Text.field(finding, "kind")
                + finding.keySet().stream()
                        .filter(name -> !name.equals("kind"))
                        .map(name -> "  " + Text.printable(name) + " " + Text.field(finding, name))
                        .collect(Collectors.joining())
                + "\n";
    }

    @Command(
            name = "export",
            description = "Writes the whole trail to a file, for Verify.java, which verifies it without the vault.",
            footer = "  vault audit export -o export.ndjson --home .vault")
    int export(
            @Mixin Session session,
            @Option(
                            names = {"-o", "--output"},
                            required = true,
                            paramLabel = "FILE",
                            description = "where to write it, readable by its owner only")
                    Path output)
            throws Exception {
        long bytes = session.api("auditor")
                .get("/audit/export")
                .header("Accept", "application/x-ndjson, application/problem+json")
                .timeout(LONG)
                .download(output, line -> line.startsWith(END));
        JsonObject done = Json.createObjectBuilder()
                .add("file", output.toString())
                .add("bytes", bytes)
                .build();
        session.answer(done, () -> output + ": " + Text.count(bytes, "byte", "bytes") + "\n");
        return ExitCode.DONE;
    }
}
