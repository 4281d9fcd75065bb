package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.templatevault.client.Api;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What somebody on call wants to know first. */
@Command(
        name = "status",
        description = {
            "What somebody on call wants to know first: health, active key version, the rotation under way, approvals"
                    + " that wait, rows in quarantine. Role: operator.",
            "Lines that want somebody begin with an exclamation mark. Ends with 7 when the node is not ready."
        },
        footer = "  vault status --home .vault")
final class StatusCommand implements Callable<Integer> {
    private static final Set<String> OVER = Set.of("DRAINED", "DRAINED_WITH_QUARANTINE", "CANCELLED");

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        Api api = session.api("operator");
        JsonObject health = health(api);
        JsonObject status = Json.createObjectBuilder()
                .add("address", api.address().toString())
                .add("health", health)
                .add("keys", list(api, "/keys", "keys"))
                .add("rotations", Json.createArrayBuilder(open(list(api, "/rotations", "rotations"))))
                .add("approvals", Json.createArrayBuilder(ApprovalsCommand.waiting(api)))
                .add("quarantine", api.get("/quarantine").send().json())
                .build();
        session.answer(status, () -> text(status));
        return ExitCode.DONE;
    }

    /** A node that is not ready says which check is down. */
    private static JsonObject health(Api api) throws Exception {
        try {
            return api.open("/health/ready").send().json();
        } catch (RefusedException e) {
            JsonObject answer = e.problem().document();
            if (!answer.containsKey("checks")) {
                throw e;
            }
            throw new RefusedException(
                    Problem.found(503, "not-ready", api.address() + " is not ready: " + checks(answer)));
        }
    }

    private static JsonArray list(Api api, String path, String name) throws Exception {
        return api.get(path).send().json().getJsonArray(name);
    }

    private static List<JsonObject> open(JsonArray rotations) {
        return rotations.getValuesAs(JsonObject.class).stream()
                .filter(rotation -> !OVER.contains(rotation.getString("state")))
                .toList();
    }

    static String text(JsonObject status) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("  vault", Text.field(status, "address") + " is ready"));
        JsonObject health = status.getJsonObject("health");
        rows.add(List.of(
                (hasAny(health, "destroyedRootKeys") || hasAny(health, "missingRootKeys") ? "! " : "  ") + "checks",
                checks(health)));
        rows.add(List.of("  keys", keys(status.getJsonArray("keys").getValuesAs(JsonObject.class))));
        List<JsonObject> rotations = status.getJsonArray("rotations").getValuesAs(JsonObject.class);
        if (rotations.isEmpty()) {
            rows.add(List.of("  rotation", "none under way"));
        }
        for (JsonObject rotation : rotations) {
            boolean stands = Set.of("PAUSED", "FAILED").contains(rotation.getString("state"));
            rows.add(List.of((stands ? "! " : "  ") + "rotation", RotationWatch.line(rotation)));
        }
        List<JsonObject> approvals = status.getJsonArray("approvals").getValuesAs(JsonObject.class);
        rows.add(List.of((approvals.isEmpty() ? "  " : "! ") + "approvals", approvals(approvals)));
        JsonObject quarantine = status.getJsonObject("quarantine");
        boolean empty = quarantine.getJsonArray("rows").isEmpty();
        rows.add(List.of((empty ? "  " : "! ") + "quarantine", quarantine(quarantine)));
        return Text.table(rows);
    }

    private static String checks(JsonObject health) {
        return health.getJsonArray("checks").getValuesAs(JsonObject.class).stream()
                .map(StatusCommand::check)
                .collect(Collectors.joining(", "));
    }

    private static String check(JsonObject check) {
        JsonObject data = check.getJsonObject("data");
        String more = data == null || data.isEmpty()
                ? ""
                : data.keySet().stream()
                        .map(name -> Text.printable(name) + " " + Text.field(data, name))
                        .collect(Collectors.joining(", ", " (", ")"));
        return Text.field(check, "name") + " " + Text.field(check, "status") + more;
    }

    private static String keys(List<JsonObject> keys) {
        return keys.stream()
                .filter(key -> key.getString("state").equals("ACTIVE"))
                .map(key -> "version " + Text.field(key, "version") + " is active since "
                        + Text.field(key, "activatedAt") + ", " + Text.field(key, "suite") + ", "
                        + Text.count(key.getInt("subjects"), "subject", "subjects") + "; "
                        + Text.count(keys.size(), "version", "versions") + " in all")
                .collect(Collectors.joining());
    }

    private static String approvals(List<JsonObject> waiting) {
        if (waiting.isEmpty()) {
            return "none wait";
        }
        return Text.number(waiting.size()) + " wait: "
                + waiting.stream()
                        .map(approval -> Text.field(approval, "id") + " (" + Text.field(approval, "kind") + ", until "
                                + Text.field(approval, "expiresAt") + ")")
                        .collect(Collectors.joining(", "));
    }

    private static String quarantine(JsonObject page) {
        int rows = page.getJsonArray("rows").size();
        return rows == 0
                ? "empty"
                : (page.containsKey("next") ? "at least " : "") + Text.count(rows, "row does", "rows do") + " not open";
    }

    private static boolean hasAny(JsonObject health, String name) {
        return health.getJsonArray("checks").getValuesAs(JsonObject.class).stream()
                .map(check -> check.getJsonObject("data"))
                .anyMatch(data -> data != null && data.getInt(name, 0) != 0);
    }
}
