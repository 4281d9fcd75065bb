package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.templatevault.client.Api;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

/** Sends what the journal does not know as stored, chunk after chunk. */
final class BatchEnrolment {
    /** The vault keeps a request's name for 24 hours; an hour is for its way and for clocks. */
    private static final Duration NAMES_ARE_KEPT = Duration.ofHours(23);

    private static final long CHUNK_CHARACTERS = 16L << 20;
    private static final String KEY_REUSED = "idempotency-key-reused";
    private static final int TOO_LARGE = 413;
    private static final Set<Integer> OF_THE_REQUEST = Set.of(400, TOO_LARGE, 422);

    /** A record as it is sent, and the sum of what it is in the source. */
    private record Item(JsonObject json, String sum) {}

    private final Api api;
    private final Source source;
    private final Journal journal;
    private final JsonObject defaults;
    private final int chunkRecords;
    private final Progress progress;
    private final Speed speed = new Speed();
    private final Map<String, Item> items = new LinkedHashMap<>();
    private long characters;
    private long done;
    private long failed;

    BatchEnrolment(Api api, Source source, Journal journal, JsonObject defaults, int chunkRecords, Progress progress) {
        this.api = api;
        this.source = source;
        this.journal = journal;
        this.defaults = defaults;
        this.chunkRecords = chunkRecords;
        this.progress = progress;
    }

    /**
     * First what was sent before and never answered, then the rest, unless the source is that of another batch.
     *
     * @return those that were stored with another content than they have now; where there are any, nothing new was sent:
     *     whoever enrols the source with a journal of its own would store it twice
     */
    List<JsonObject> run() throws Exception {
        List<JsonObject> changed = changed();
        for (Journal.Chunk chunk : journal.unanswered()) {
            sendAgain(chunk);
        }
        List<String> left = changed.isEmpty()
                ? source.names().stream()
                        .filter(name -> !journal.isSettled(name))
                        .toList()
                : List.of();
        done = (long) source.names().size() - left.size();
        failed = changed.size()
                + source.names().stream()
                        .filter(name -> journal.isSettled(name) && !journal.isStored(name))
                        .count();
        show();
        for (String name : left) {
            add(name);
        }
        sendNext();
        return changed;
    }

    /** A batch of another day under the same names must not be taken for the one that the journal tells of. */
    private List<JsonObject> changed() throws IOException {
        List<JsonObject> changed = new ArrayList<>();
        for (String name : source.names()) {
            if (journal.isStored(name) && isOther(name)) {
                changed.add(Journal.failed(
                        name,
                        Problem.found(
                                409,
                                "source-changed",
                                "Something else was stored under this name, so nothing new of the batch was sent: give a new"
                                        + " batch a --journal of its own, or put back what was stored")));
            }
        }
        return changed;
    }

    private boolean isOther(String name) throws IOException {
        try {
            return journal.isOther(name, source.read(name));
        } catch (RefusedException unreadable) {
            return false;
        }
    }

    private void add(String name) throws Exception {
        JsonObject record;
        try {
            record = source.read(name);
        } catch (RefusedException e) {
            journal.note(List.of(Journal.failed(name, e.problem())));
            count(1, 1);
            return;
        }
        JsonObject item = item(name, record);
        long length = item.toString().length();
        if (items.size() == chunkRecords || characters + length > CHUNK_CHARACTERS) {
            sendNext();
        }
        items.put(name, new Item(item, journal.sum(record)));
        characters += length;
    }

    /** A record with what the options say, where it says nothing itself. */
    private JsonObject item(String name, JsonObject record) {
        JsonObjectBuilder item = Json.createObjectBuilder(defaults);
        record.forEach(item::add);
        if (!record.containsKey("subject")) {
            item.add("subject", journal.subject(name).toString());
        }
        return item.build();
    }

    private void sendNext() throws Exception {
        if (items.isEmpty()) {
            return;
        }
        Map<String, String> sums = new LinkedHashMap<>();
        items.forEach((name, item) -> sums.put(name, item.sum));
        List<JsonObject> outcomes = outcomes(journal.send(sums));
        journal.note(outcomes);
        count(outcomes.size(), failures(outcomes));
        items.clear();
        characters = 0;
    }

    /** What refuses a whole chunk for what it is has stored nothing of it: smaller chunks may pass. */
    private List<JsonObject> outcomes(Journal.Chunk chunk) throws Exception {
        try {
            return send(chunk, items);
        } catch (RefusedException e) {
            boolean known = e.problem().code().equals(KEY_REUSED);
            if (known || !OF_THE_REQUEST.contains(e.problem().status())) {
                throw e;
            }
            return items.keySet().stream()
                    .map(name -> Journal.failed(name, e.problem()))
                    .toList();
        }
    }

    private static long failures(List<JsonObject> outcomes) {
        return outcomes.stream().filter(line -> line.containsKey("problem")).count();
    }

    /** The same request under the same name: the vault answers as it did, or does it now. */
    private void sendAgain(Journal.Chunk chunk) throws Exception {
        List<JsonObject> outcomes = new ArrayList<>();
        Map<String, Item> again = new LinkedHashMap<>();
        for (String name : chunk.records()) {
            try {
                JsonObject record = source.read(name);
                again.put(name, new Item(item(name, record), journal.sum(record)));
            } catch (RefusedException e) {
                outcomes.add(Journal.unknown(name, e.problem()));
            }
        }
        if (chunk.sentAt().plus(NAMES_ARE_KEPT).isBefore(Instant.now())) {
            again.keySet().forEach(name -> outcomes.add(Journal.unknown(name, tooLate())));
        } else if (!again.isEmpty()) {
            outcomes.addAll(answered(chunk, again));
        }
        journal.note(outcomes);
    }

    private List<JsonObject> answered(Journal.Chunk chunk, Map<String, Item> again) throws Exception {
        try {
            return send(chunk, again);
        } catch (RefusedException e) {
            if (e.problem().code().equals(KEY_REUSED)) {
                return again.keySet().stream()
                        .map(name -> Journal.unknown(name, changedSince()))
                        .toList();
            }
            if (e.problem().status() == TOO_LARGE) {
                return again.keySet().stream()
                        .map(name -> Journal.failed(name, e.problem()))
                        .toList();
            }
            throw e;
        }
    }

    private static Problem tooLate() {
        return Problem.found(
                409, "outcome-unknown", "It was sent more than 23 hours ago and never answered: look for it");
    }

    private static Problem changedSince() {
        return Problem.found(
                409,
                "outcome-unknown",
                "It was sent and never answered, and the source has changed since: look for it");
    }

    private List<JsonObject> send(Journal.Chunk chunk, Map<String, Item> sent) throws Exception {
        List<String> records = List.copyOf(sent.keySet());
        JsonArrayBuilder array = Json.createArrayBuilder();
        sent.values().forEach(item -> array.add(item.json));
        JsonObject body = Json.createObjectBuilder()
                .add("atomic", false)
                .add("items", array)
                .build();
        List<JsonObject> results = api.post("/templates:batchStore")
                .key(journal.key(chunk))
                .patient()
                .json(body.toString().getBytes(StandardCharsets.UTF_8))
                .send()
                .json()
                .getJsonArray("results")
                .getValuesAs(JsonObject.class);
        List<JsonObject> outcomes = new ArrayList<>();
        for (JsonObject result : results) {
            String name = records.get(result.getInt("index"));
            outcomes.add(outcome(name, java.util.Objects.requireNonNull(sent.get(name)).sum, result));
        }
        return outcomes;
    }

    /** What was stored and is deleted by now must not come back. */
    private static JsonObject outcome(String name, String sum, JsonObject result) {
        int status = result.getInt("status");
        if (status == 201) {
            return Journal.stored(name, sum, result);
        }
        Problem problem = Problem.of(status, result.getJsonObject("problem"));
        boolean deleted = problem.code().equals("template-deleted");
        return deleted ? Journal.unknown(name, problem) : Journal.failed(name, problem);
    }

    private void count(long more, long failures) {
        done += more;
        failed += failures;
        show();
    }

    private void show() {
        speed.note(System.nanoTime(), done);
        long total = source.names().size();
        progress.show(Progress.line(done, total, "templates", speed.perSecond(), speed.left(total - done))
                + (failed == 0 ? "" : "  " + Text.number(failed) + " failed"));
    }
}
