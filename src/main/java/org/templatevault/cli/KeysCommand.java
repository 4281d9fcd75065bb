package org.templatevault.cli;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows key versions. */
@Command(
        name = "keys",
        description = "Shows the versions of the key encryption key. Role: operator.",
        footer = "  vault keys list --home .vault")
final class KeysCommand {
    @Command(name = "list", description = "Lists all versions.", footer = "  vault keys list --home .vault")
    int list(@Mixin Session session) throws Exception {
        JsonObject keys = session.api("operator").get("/keys").send().json();
        session.answer(keys, () -> table(keys.getJsonArray("keys").getValuesAs(JsonObject.class)));
        return ExitCode.DONE;
    }

    private static String table(List<JsonObject> keys) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("VERSION", "STATE", "SUITE", "KEY STORE", "SUBJECTS", "WRAPS", "ACTIVE SINCE", "DESTROYED"));
        for (JsonObject key : keys) {
            rows.add(List.of(
                    Text.field(key, "version"),
                    Text.field(key, "state"),
                    Text.field(key, "suite"),
                    Text.field(key, "keyStore"),
                    Text.field(key, "subjects"),
                    Text.field(key, "wraps"),
                    Text.field(key, "activatedAt"),
                    Text.field(key, "destroyedAt")));
        }
        return Text.table(rows);
    }

    @Command(
            name = "usage",
            description = "Counts what stands under a version, and says what its destruction would make useless.",
            footer = "  vault keys usage 1 --home .vault")
    int usage(
            @Mixin Session session,
            @Parameters(paramLabel = "VERSION", description = "the version's number") int version)
            throws Exception {
        JsonObject usage = session.api("operator")
                .get("/keys/" + version + "/usage")
                .send()
                .json();
        session.answer(usage, () -> text(usage));
        return ExitCode.DONE;
    }

    private static String text(JsonObject usage) {
        JsonObject references = usage.getJsonObject("references");
        String tables = references.keySet().stream()
                .map(table -> table + " " + Text.field(references, table))
                .collect(Collectors.joining(", "));
        int useless = usage.getInt("uselessInAll");
        return Text.table(List.of(
                List.of("version", Text.field(usage, "version") + " at " + Text.field(usage, "at")),
                List.of("used", usage.getBoolean("used") ? "yes" : "no"),
                List.of("rows", tables),
                List.of("quarantined", Text.field(usage, "quarantined")),
                List.of("last wrap", Text.field(usage, "lastWrapAt")),
                List.of("last left", Text.field(usage, "lastLeftAt")),
                List.of("oldest transaction", Text.field(usage, "oldestTransaction")),
                List.of(
                        "backups",
                        Text.count(useless, "registered one opens", "registered ones open")
                                + " no longer after its destruction")));
    }
}
