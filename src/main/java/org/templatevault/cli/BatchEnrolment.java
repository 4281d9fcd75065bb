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
import java.util.List;
import org.templatevault.client.Api;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

/** Sends what the journal does not know as stored, chunk after chunk. */
final class BatchEnrolment {
    /** The vault keeps a request's name for 24 hours; an hour is for its way and for clocks. */
    private static final Duration NAMES_ARE_KEPT = Duration.ofHours(23);

    private static final long CHUNK_CHARACTERS = 16L << 20;

    private final Api api;
    private final Source source;
    private final Journal journal;
    private final JsonObject defaults;
    private final int chunkRecords;
    private final Progress progress;
    private final Speed speed = new Speed();
    private final List<String> names = new ArrayList<>();
    private final List<JsonObject> items = new ArrayList<>();
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

    /** First what was sent before and never answered, then the rest. */
    void run() throws Exception {
        for (Journal.Chunk chunk : journal.unanswered()) {
            sendAgain(chunk);
        }
        List<String> left =
                source.names().stream().filter(name -> !journal.isSettled(name)).toList();
        done = (long) source.names().size() - left.size();
        failed = source.names().stream()
                .filter(name -> journal.isSettled(name) && !journal.isStored(name))
                .count();
        show();
        for (String name : left) {
            add(name);
        }
        sendNext();
    }

    private void add(String name) throws Exception {
        JsonObject item;
        try {
            item = item(name);
        } catch (RefusedException e) {
            journal.note(List.of(Journal.failed(name, e.problem())));
            count(1, 1);
            return;
        }
        long length = item.toString().length();
        if (names.size() == chunkRecords || characters + length > CHUNK_CHARACTERS) {
            sendNext();
        }
        names.add(name);
        items.add(item);
        characters += length;
    }

    /** A record with what the options say, where it says nothing itself. */
    private JsonObject item(String name) throws RefusedException, IOException {
        JsonObject record = source.read(name);
        JsonObjectBuilder item = Json.createObjectBuilder(defaults);
        record.forEach(item::add);
        if (!record.containsKey("subject")) {
            item.add("subject", journal.subject(name).toString());
        }
        return item.build();
    }

    private void sendNext() throws Exception {
        if (names.isEmpty()) {
            return;
        }
        List<JsonObject> outcomes = send(journal.send(names), names, items);
        journal.note(outcomes);
        count(outcomes.size(), failures(outcomes));
        names.clear();
        items.clear();
        characters = 0;
    }

    private static long failures(List<JsonObject> outcomes) {
        return outcomes.stream().filter(line -> line.containsKey("problem")).count();
    }

    /** The same request under the same name: the vault answers as it did, or does it now. */
    private void sendAgain(Journal.Chunk chunk) throws Exception {
        List<JsonObject> outcomes = new ArrayList<>();
        List<String> present = new ArrayList<>();
        List<JsonObject> again = new ArrayList<>();
        for (String name : chunk.records()) {
            try {
                again.add(item(name));
                present.add(name);
            } catch (RefusedException e) {
                outcomes.add(Journal.unknown(name, e.problem()));
            }
        }
        if (chunk.sentAt().plus(NAMES_ARE_KEPT).isBefore(Instant.now())) {
            present.forEach(name -> outcomes.add(Journal.unknown(name, tooLate())));
        } else if (!present.isEmpty()) {
            outcomes.addAll(answered(chunk, present, again));
        }
        journal.note(outcomes);
    }

    private List<JsonObject> answered(Journal.Chunk chunk, List<String> present, List<JsonObject> again)
            throws Exception {
        try {
            return send(chunk, present, again);
        } catch (RefusedException e) {
            if (e.problem().code().equals("idempotency-key-reused")) {
                return present.stream()
                        .map(name -> Journal.unknown(name, changed()))
                        .toList();
            }
            throw e;
        }
    }

    private static Problem tooLate() {
        return Problem.found(
                409, "outcome-unknown", "It was sent more than 23 hours ago and never answered: look for it");
    }

    private static Problem changed() {
        return Problem.found(
                409,
                "outcome-unknown",
                "It was sent and never answered, and the source has changed since: look for it");
    }

    private List<JsonObject> send(Journal.Chunk chunk, List<String> records, List<JsonObject> sent) throws Exception {
        JsonArrayBuilder array = Json.createArrayBuilder();
        sent.forEach(array::add);
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
            int status = result.getInt("status");
            outcomes.add(
                    status == 201
                            ? Journal.stored(name, result)
                            : Journal.failed(name, Problem.of(status, result.getJsonObject("problem"))));
        }
        return outcomes;
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
