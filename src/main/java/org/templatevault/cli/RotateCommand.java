package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Api;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Asks for a rotation. */
@Command(
        name = "rotate",
        description = {
            "Asks for a rotation: a new key version, and a job that moves every subject to it. Role: key-custodian.",
            "With --watch it ends when the rotation does: 0 when it is DRAINED, 6 with rows in quarantine, 1 when it"
                    + " failed or was cancelled. Interrupting the watch leaves the rotation running."
        },
        footer = "  vault rotate --mode reencrypt --rate 500 --watch --home .vault")
final class RotateCommand implements Callable<Integer> {
    @Option(names = "--mode", paramLabel = "NAME", description = "reencrypt (default) or rewrap")
    @Nullable String mode;

    @Option(names = "--reason", paramLabel = "NAME", description = "manual (default), scheduled or compromise")
    @Nullable String reason;

    @Option(names = "--suite", paramLabel = "NAME", description = "of the new data keys; the present one without it")
    @Nullable String suite;

    @Option(names = "--rate", paramLabel = "N", description = "at most so many subjects a second")
    @Nullable Integer rate;

    @Option(
            names = "--compromised",
            paramLabel = "VERSION",
            description = "with --reason compromise: the version that is; the active one without it")
    @Nullable Integer compromised;

    @Option(names = "--watch", description = "wait for its end, with a progress bar")
    boolean watch;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        Api api = session.api("key-custodian");
        JsonObject asked = api.post("/rotations")
                .key(UUID.randomUUID().toString())
                .patient()
                .json(body())
                .send()
                .json();
        if (watch) {
            session.note("rotation " + asked.getString("id"));
            return RotationWatch.watch(session, api, asked.getString("id"));
        }
        session.answer(asked, () -> RotationWatch.text(asked));
        return ExitCode.DONE;
    }

    private JsonObject body() {
        JsonObjectBuilder body = Json.createObjectBuilder();
        add(body, "mode", mode);
        add(body, "reason", reason);
        add(body, "suite", suite);
        if (rate != null) {
            body.add("rate", rate);
        }
        if (compromised != null) {
            body.add("version", compromised);
        }
        return body.build();
    }

    private static void add(JsonObjectBuilder body, String name, @Nullable String value) {
        if (value != null) {
            body.add(name, value);
        }
    }
}
