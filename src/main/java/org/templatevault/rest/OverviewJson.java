package org.templatevault.rest;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.templatevault.console.Attention;
import org.templatevault.console.Overview;
import org.templatevault.console.Overview.Picture;
import org.templatevault.console.Traffic;
import org.templatevault.persistence.JobHistory;
import org.templatevault.persistence.OverviewCounts;

/** The JSON shapes of the overview and of jobs. */
final class OverviewJson {
    private OverviewJson() {}

    static JsonObject json(Overview.Seen seen, List<Traffic.Minute> minutes) {
        Picture picture = seen.picture();
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("at", picture.at().toString())
                .add("keptSeconds", Overview.KEPT_SECONDS)
                .add("node", picture.node())
                .add("nodes", nodes(picture.nodes()))
                .add("database", Json.createObjectBuilder().add("reachable", true))
                .add("keyStores", keyStores(picture))
                .add("destroyedRootKeys", picture.destroyedRootKeys())
                .add("missingRootKeys", picture.missingRootKeys())
                .add(
                        "templates",
                        Json.createObjectBuilder()
                                .add("rows", picture.templates().rows())
                                .add("exact", picture.templates().exact()))
                .add("subjects", picture.subjects().values().stream().reduce(0L, Long::sum))
                .add("keys", keys(picture))
                .add("quarantined", picture.waiting().quarantined())
                .add("approvalsWaiting", picture.waiting().approvals())
                .add("erasuresWaiting", picture.waiting().erasures())
                .add("overdue", picture.overdue())
                .add("jobsRunning", running(picture.jobs()));
        picture.verification()
                .ifPresent(row -> json.add(
                        "verification",
                        Json.createObjectBuilder()
                                .add("at", row.at().toString())
                                .add("caller", row.caller())
                                .add("intact", row.found() == 0)
                                .add("found", row.found())
                                .add("blocks", row.blocks())
                                .add("entries", row.entries())
                                .add("templates", row.templates())));
        return json.add("attention", attention(seen.attention()))
                .add("minutes", minutes(minutes))
                .build();
    }

    private static JsonObjectBuilder json(OverviewCounts.Node node) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("name", node.name())
                .add("alive", node.alive())
                .add("startedAt", node.startedAt().toString())
                .add("seenAt", node.seenAt().toString());
        if (node.clockMillis() != null) {
            json.add("clockMillis", node.clockMillis());
        }
        return json;
    }

    private static JsonArrayBuilder nodes(List<OverviewCounts.Node> nodes) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        nodes.forEach(node -> array.add(json(node)));
        return array;
    }

    private static JsonArrayBuilder keyStores(Picture picture) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        picture.keyStores()
                .forEach((name, reachable) ->
                        array.add(Json.createObjectBuilder().add("name", name).add("reachable", reachable)));
        return array;
    }

    /** Those that have subjects or may get some; a destroyed version has none. */
    private static JsonArrayBuilder keys(Picture picture) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        picture.versions().stream()
                .filter(row -> !row.state().equals("DESTROYED"))
                .forEach(row -> array.add(Json.createObjectBuilder()
                        .add("version", row.version())
                        .add("state", row.state())
                        .add("subjects", picture.subjects().getOrDefault(row.version(), 0L))));
        return array;
    }

    private static JsonArrayBuilder running(List<JobHistory.Row> jobs) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        jobs.stream()
                .filter(row ->
                        row.endedAt() == null && !Set.of("DONE", "CANCELLED").contains(row.state()))
                .forEach(row -> array.add(job(row)));
        return array;
    }

    private static JsonArrayBuilder attention(List<Attention> found) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        found.forEach(one -> {
            JsonObjectBuilder json = Json.createObjectBuilder()
                    .add("code", one.code().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .add("count", one.count());
            add(json, "since", one.since());
            array.add(json);
        });
        return array;
    }

    private static JsonArrayBuilder minutes(List<Traffic.Minute> minutes) {
        JsonArrayBuilder array = Json.createArrayBuilder();
        minutes.forEach(minute -> array.add(Json.createObjectBuilder()
                .add("at", minute.at().toString())
                .add("requests", minute.requests())
                .add("refused", minute.refused())
                .add("failed", minute.failed())
                .add("p50Micros", minute.p50Micros())
                .add("p99Micros", minute.p99Micros())));
        return array;
    }

    static JsonObjectBuilder job(JobHistory.Row row) {
        JsonObjectBuilder json = Json.createObjectBuilder()
                .add("kind", row.kind())
                .add("id", row.id().toString())
                .add("state", row.state())
                .add("what", row.what())
                .add("reason", row.reason())
                .add("requestedBy", row.requestedBy())
                .add("left", row.left());
        if (row.total() != null) {
            json.add("total", row.total());
        }
        if (row.done() != null) {
            json.add("done", row.done());
        }
        json.add("requestedAt", row.requestedAt().toString());
        add(json, "startedAt", row.startedAt());
        add(json, "endedAt", row.endedAt());
        if (row.startedAt() != null && row.endedAt() != null) {
            json.add(
                    "tookMillis",
                    Duration.between(row.startedAt(), row.endedAt()).toMillis());
        }
        return json;
    }

    private static void add(JsonObjectBuilder json, String name, @Nullable Instant at) {
        if (at != null) {
            json.add(name, at.toString());
        }
    }
}
