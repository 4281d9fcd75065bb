package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Watches and steers a rotation. */
@Command(
        name = "rotation",
        description = "Watches and steers a rotation: the newest one, unless its id is given.",
        footer = "  vault rotation watch --home .vault")
final class RotationCommand {
    private static final String WHICH = "its id; the newest without it";

    @Command(
            name = "watch",
            description =
                    "Waits for the end of a rotation, with a progress bar; exit codes as with rotate --watch. Role:"
                            + " operator.",
            footer = "  vault rotation watch --home .vault")
    int watch(
            @Mixin Session session,
            @Parameters(arity = "0..1", paramLabel = "ID", description = WHICH) @Nullable UUID id)
            throws Exception {
        Api api = session.api("operator");
        return RotationWatch.watch(session, api, which(api, id));
    }

    @Command(
            name = "pause",
            description = "Stops a rotation at the end of the chunks under way. Role: operator.",
            footer = "  vault rotation pause --home .vault")
    int pause(
            @Mixin Session session,
            @Parameters(arity = "0..1", paramLabel = "ID", description = WHICH) @Nullable UUID id)
            throws Exception {
        return steer(session, "operator", id, "pause");
    }

    @Command(
            name = "resume",
            description = "Lets a rotation go on that is PAUSED or FAILED. Role: operator.",
            footer = "  vault rotation resume --home .vault")
    int resume(
            @Mixin Session session,
            @Parameters(arity = "0..1", paramLabel = "ID", description = WHICH) @Nullable UUID id)
            throws Exception {
        return steer(session, "operator", id, "resume");
    }

    @Command(
            name = "cancel",
            description = "Gives a rotation up; both versions stay usable. Role: key-custodian.",
            footer = "  vault rotation cancel --home .vault")
    int cancel(
            @Mixin Session session,
            @Parameters(arity = "0..1", paramLabel = "ID", description = WHICH) @Nullable UUID id)
            throws Exception {
        return steer(session, "key-custodian", id, "cancel");
    }

    @Command(
            name = "rate",
            description = "Lets a rotation move at most so many subjects a second. Role: operator.",
            footer = "  vault rotation rate 200 --home .vault")
    int rate(
            @Mixin Session session,
            @Parameters(index = "0", paramLabel = "N|none", description = "subjects a second, or none for no limit")
                    String rate,
            @Parameters(index = "1", arity = "0..1", paramLabel = "ID", description = WHICH) @Nullable UUID id)
            throws Exception {
        if (!rate.matches("none|[0-9]{1,9}")) {
            throw session.usage("a rate is a whole number, or none");
        }
        Api api = session.api("operator");
        JsonValue value = rate.equals("none") ? JsonValue.NULL : Json.createValue(Integer.parseInt(rate));
        JsonObject rotation = api.patch("/rotations/" + which(api, id))
                .json(Json.createObjectBuilder().add("rate", value).build())
                .send()
                .json();
        session.answer(rotation, () -> RotationWatch.text(rotation));
        return ExitCode.DONE;
    }

    private static int steer(Session session, String role, @Nullable UUID id, String verb) throws Exception {
        Api api = session.api(role);
        JsonObject rotation =
                api.post("/rotations/" + which(api, id) + ":" + verb).send().json();
        session.answer(rotation, () -> RotationWatch.text(rotation));
        return ExitCode.DONE;
    }

    private static String which(Api api, @Nullable UUID id) throws Exception {
        if (id != null) {
            return id.toString();
        }
        JsonArray rotations = api.get("/rotations").send().json().getJsonArray("rotations");
        if (rotations.isEmpty()) {
            throw new RefusedException(Problem.found(404, "rotation-not-found", "There was no rotation yet"));
        }
        return rotations.getJsonObject(0).getString("id");
    }
}
