package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Decides what another person has asked for. */
@Command(
        name = "approvals",
        description = "Decides what another person has asked for. Role: approver.",
        footer = "  vault approvals list --home .vault")
final class ApprovalsCommand {
    private static final String WAITING = "REQUESTED";

    @Command(
            name = "list",
            description = "Lists the requests that wait for a decision.",
            footer = "  vault approvals list --all --home .vault")
    int list(
            @Mixin Session session,
            @Option(names = "--all", description = "those that are decided, too: the newest") boolean all)
            throws Exception {
        List<JsonObject> shown = waitingFirst(session.api("approver")).stream()
                .filter(request -> all || request.getString("state").equals(WAITING))
                .toList();
        JsonObject document = Json.createObjectBuilder()
                .add("approvals", Json.createArrayBuilder(shown))
                .build();
        session.answer(document, () -> shown.isEmpty() ? "nothing waits for a decision\n" : table(shown));
        return ExitCode.DONE;
    }

    /** All that wait. */
    static List<JsonObject> waiting(Api api) throws Exception {
        return waitingFirst(api).stream()
                .filter(request -> request.getString("state").equals(WAITING))
                .toList();
    }

    /** All that wait, and the others on the last page that has one. */
    private static List<JsonObject> waitingFirst(Api api) throws Exception {
        List<JsonObject> requests = new ArrayList<>();
        String page = "/approvals";
        while (page != null) {
            JsonObject answer = api.get(page).send().json();
            requests.addAll(answer.getJsonArray("approvals").getValuesAs(JsonObject.class));
            boolean more = answer.containsKey("next")
                    && requests.get(requests.size() - 1).getString("state").equals(WAITING);
            page = more ? "/approvals?cursor=" + answer.getString("next") : null;
        }
        return requests;
    }

    private static String table(List<JsonObject> requests) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("APPROVAL", "STATE", "KIND", "ASKED FOR BY", "AT", "EXPIRES"));
        for (JsonObject request : requests) {
            rows.add(List.of(
                    Text.field(request, "id"),
                    Text.field(request, "state"),
                    Text.field(request, "kind"),
                    Text.field(request, "requestedBy"),
                    Text.field(request, "requestedAt"),
                    Text.field(request, "expiresAt")));
        }
        return Text.table(rows);
    }

    @Command(
            name = "approve",
            description = {
                "Shows what will happen and asks. What was read is what is approved: the request's hash goes with it.",
                "Without a terminal, --hash says what was read; --hash with another request's hash ends with 5."
            },
            footer = "  vault approvals approve $APPROVAL --home .vault")
    int approve(
            @Mixin Session session,
            @Parameters(paramLabel = "APPROVAL", description = "the request's id") UUID id,
            @Option(names = "--hash", paramLabel = "HASH", description = "requestHash of the request that was read")
                    @Nullable String hash)
            throws Exception {
        if (hash == null && !session.terminal().isInteractive()) {
            throw session.usage("read the request first, then give its requestHash with --hash");
        }
        Api api = session.api("approver");
        JsonObject request = api.get("/approvals/" + id).send().json();
        session.note(words(request));
        if (hash == null && !session.terminal().confirms("Approve exactly this?", "approve")) {
            session.note("Nothing was approved.");
            return ExitCode.FAILED;
        }
        String read = hash == null ? request.getString("requestHash") : hash;
        JsonObject approved = api.post("/approvals/" + id + ":approve")
                .json(Json.createObjectBuilder().add("requestHash", read).build())
                .send()
                .json();
        session.answer(
                approved, () -> "APPROVED; it may be carried out from " + Text.field(approved, "notBefore") + "\n");
        return ExitCode.DONE;
    }

    private static String words(JsonObject request) {
        return Text.field(request, "kind") + ", asked for by " + Text.field(request, "requestedBy") + " at "
                + Text.field(request, "requestedAt") + ":\n  " + Text.field(request, "request") + "\nHash: "
                + Text.field(request, "requestHash");
    }

    @Command(
            name = "show",
            description = "Shows what will happen if a request is approved, and its hash.",
            footer = "  vault approvals show $APPROVAL --home .vault")
    int show(@Mixin Session session, @Parameters(paramLabel = "APPROVAL", description = "the request's id") UUID id)
            throws Exception {
        JsonObject request =
                session.api("approver").get("/approvals/" + id).send().json();
        session.answer(request, () -> Text.field(request, "state") + "  " + words(request) + "\n");
        return ExitCode.DONE;
    }

    @Command(
            name = "reject",
            description = "Refuses a request that nobody has approved.",
            footer = "  vault approvals reject $APPROVAL --home .vault")
    int reject(@Mixin Session session, @Parameters(paramLabel = "APPROVAL", description = "the request's id") UUID id)
            throws Exception {
        JsonObject rejected = session.api("approver")
                .post("/approvals/" + id + ":reject")
                .send()
                .json();
        if (!rejected.getString("state").equals("REJECTED")) {
            throw new RefusedException(Problem.found(409, "approval-state", "It is " + rejected.getString("state")));
        }
        session.answer(rejected, () -> "REJECTED\n");
        return ExitCode.DONE;
    }
}
