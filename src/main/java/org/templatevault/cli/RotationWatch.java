package org.templatevault.cli;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.templatevault.client.Api;

/** Looks at a rotation until it ends; a restart of the server in between is waited for. */
final class RotationWatch {
    private static final Set<String> ENDED = Set.of("DRAINED", "DRAINED_WITH_QUARANTINE", "CANCELLED", "FAILED");
    private static final Set<String> STANDS = Set.of("PAUSED", "FAILED", "CANCELLED");
    private static final long PAUSE_MILLIS = 500;

    private RotationWatch() {}

    /** Shows its progress and, when it has ended, what became of it; the exit code. */
    static int watch(Session session, Api api, String rotation) throws Exception {
        JsonObject now;
        String interrupted = "The rotation goes on in the vault. To watch it again: vault rotation watch " + rotation;
        try (Progress progress = Progress.on(session.terminal(), interrupted)) {
            while (true) {
                now = api.get("/rotations/" + rotation).patient().send().json();
                String seen = line(now);
                api.whenItWaits(why -> progress.show(seen + "  " + why));
                progress.show(seen);
                if (ENDED.contains(now.getString("state"))) {
                    break;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
        JsonObject end = now;
        session.answer(end, () -> text(end));
        return exitCode(end);
    }

    static int exitCode(JsonObject rotation) {
        return switch (rotation.getString("state")) {
            case "DRAINED_WITH_QUARANTINE" -> ExitCode.INTEGRITY;
            case "CANCELLED", "FAILED" -> ExitCode.FAILED;
            default -> ExitCode.DONE;
        };
    }

    static String line(JsonObject rotation) {
        long total = rotation.getInt("total");
        long moved = total - rotation.getInt("remaining");
        boolean moves = !STANDS.contains(rotation.getString("state"));
        String bar = Progress.line(
                moved, total, "subjects", moves ? perSecond(rotation) : 0, moves ? left(rotation) : Optional.empty());
        return (rotation.getString("state") + "  " + bar + why(rotation)).stripTrailing();
    }

    private static double perSecond(JsonObject rotation) {
        JsonNumber number = rotation.getJsonNumber("rowsPerSecond");
        return number == null ? 0 : number.doubleValue();
    }

    private static Optional<Duration> left(JsonObject rotation) {
        String end = rotation.getString("estimatedEnd", "");
        return end.isEmpty() ? Optional.empty() : Optional.of(Duration.between(Instant.now(), Instant.parse(end)));
    }

    private static String why(JsonObject rotation) {
        String why = "";
        if (rotation.containsKey("waitingFor")) {
            why += "  waiting for " + Text.field(rotation, "waitingFor");
        }
        if (rotation.containsKey("backingOff")) {
            why += "  backing off: " + Text.field(rotation, "backingOff");
        }
        return why;
    }

    static String text(JsonObject rotation) {
        return Text.table(List.of(
                List.of("rotation", Text.field(rotation, "id")),
                List.of("state", Text.field(rotation, "state") + why(rotation)),
                List.of(
                        "what",
                        Text.field(rotation, "mode") + ", " + Text.field(rotation, "reason") + ", "
                                + Text.field(rotation, "suite") + ", "
                                + (rotation.containsKey("rate")
                                        ? "at most " + Text.field(rotation, "rate") + " a second"
                                        : "without a rate")),
                List.of("versions", Text.field(rotation, "fromVersion") + " to " + Text.field(rotation, "toVersion")),
                List.of(
                        "subjects",
                        String.format(
                                "%s in all: %s moved, %s remaining, %s in quarantine, %s erased",
                                Text.number(rotation.getInt("total")),
                                Text.number(rotation.getInt("done")),
                                Text.number(rotation.getInt("remaining")),
                                Text.number(rotation.getInt("quarantined")),
                                Text.number(rotation.getInt("erased")))),
                List.of(
                        "asked for",
                        Text.field(rotation, "requestedAt") + " by " + Text.field(rotation, "requestedBy")),
                List.of(
                        "ended",
                        Text.field(rotation, "endedAt").isEmpty() ? "not yet" : Text.field(rotation, "endedAt"))));
    }
}
