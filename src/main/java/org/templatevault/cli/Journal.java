package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.templatevault.client.PrivateFile;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

/**
 * What a batch has sent and what came back, as lines of JSON: durable before a chunk is sent, and after its answer. A run
 * that was killed is taken up from it, and nothing is stored twice. Afterwards it is the list of what was stored. One
 * client at a time holds it.
 */
final class Journal implements AutoCloseable {
    /** What a journal is of, beside the options for those records that say nothing themselves. */
    private static final String OPTIONS = "template";

    /** A chunk that was sent, perhaps, and when; the vault knows its name for a day. */
    record Chunk(int number, Instant sentAt, List<String> records) {}

    private static final int FORM = 1;

    private final FileChannel channel;
    private final FileLock lock;
    private final Map<String, JsonObject> outcomes = new LinkedHashMap<>();
    private final Map<Integer, Chunk> chunks = new LinkedHashMap<>();
    private final Map<String, Integer> lastChunk = new HashMap<>();
    private final Map<String, String> sums = new HashMap<>();
    private JsonObject options = JsonValue.EMPTY_JSON_OBJECT;
    private String run = "";
    private Instant begun = Instant.EPOCH;

    private Journal(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Begins a journal, or takes up one.
     *
     * @param what is enrolled, where and as whom: a journal of something else is refused
     * @param options for those records that say nothing themselves; other ones than before are for what is left
     * @throws RefusedException if another client holds it, it is another batch's, or it is damaged
     */
    static Journal open(Path file, JsonObject what, JsonObject options) throws IOException, RefusedException {
        FileChannel channel = PrivateFile.append(file);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw new RefusedException(Problem.found(409, "journal-in-use", "Another client is at work with " + file));
        }
        Journal journal = new Journal(channel, lock);
        try {
            journal.load(file, what, options);
            return journal;
        } catch (IOException | RefusedException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    private void load(Path file, JsonObject what, JsonObject given) throws IOException, RefusedException {
        if (channel.size() == 0) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            begun = Instant.now();
            run = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
            write(List.of(Json.createObjectBuilder()
                    .add("journal", FORM)
                    .add("run", run)
                    .add("begun", begun.toString())
                    .add("batch", Json.createObjectBuilder(what).add(OPTIONS, given))
                    .build()));
            options = given;
            return;
        }
        byte[] bytes = new byte[Math.toIntExact(channel.size())];
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining() && channel.read(left, left.position()) >= 0) {}
        int whole = lastLineEnd(bytes);
        try {
            List<String> lines =
                    new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().toList();
            begin(file, parse(lines.get(0)), what);
            lines.stream().skip(1).map(Journal::parse).forEach(this::take);
        } catch (JsonException | ClassCastException | NullPointerException | IndexOutOfBoundsException e) {
            throw new RefusedException(Problem.found(422, "journal-damaged", file + " is not a journal, or damaged"));
        }
        channel.truncate(whole);
        channel.position(whole);
    }

    /** A line without its end was being written when the client was killed: it says nothing. */
    private static int lastLineEnd(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    private static JsonObject parse(String line) {
        try (var reader = Json.createReader(new StringReader(line))) {
            return reader.readObject();
        }
    }

    private void begin(Path file, JsonObject first, JsonObject what) throws RefusedException {
        JsonObject batch = first.getJsonObject("batch");
        options = batch.getJsonObject(OPTIONS);
        JsonObject its = Json.createObjectBuilder(batch).remove(OPTIONS).build();
        if (first.getInt("journal") != FORM || !its.equals(what)) {
            throw differs(
                    file + " is the journal of another batch, or of this one at another vault or by another caller:"
                            + " another batch needs another --journal");
        }
        run = first.getString("run");
        begun = Instant.parse(first.getString("begun"));
    }

    private static RefusedException differs(String why) {
        return new RefusedException(Problem.found(409, "journal-differs", why));
    }

    /**
     * Takes other options for what is not stored yet.
     *
     * @throws RefusedException if there is nothing such, or a chunk waits for its answer
     */
    void use(JsonObject given, Collection<String> records) throws RefusedException, IOException {
        if (given.equals(options)) {
            return;
        }
        if (!unanswered().isEmpty()) {
            throw differs(
                    "A chunk was sent with other options and waits for its answer, which the same request alone gets:"
                            + " give those options once more. With another --journal it may be stored twice");
        }
        if (records.stream().allMatch(this::isSettled)) {
            throw differs("It was sent with other options, and nothing is left to send");
        }
        JsonObject line = Json.createObjectBuilder().add("options", given).build();
        write(List.of(line));
        take(line);
    }

    private void take(JsonObject line) {
        if (line.containsKey("options")) {
            options = line.getJsonObject("options");
        } else if (line.containsKey("chunk")) {
            JsonArray records = line.getJsonArray("records");
            Chunk chunk = new Chunk(
                    line.getInt("chunk"),
                    Instant.parse(line.getString("at")),
                    records.getValuesAs(JsonString::getString));
            JsonArray itsSums = line.getJsonArray("sums");
            for (int i = 0; itsSums != null && i < itsSums.size(); i++) {
                sums.put(chunk.records().get(i), itsSums.getString(i));
            }
            chunks.put(chunk.number(), chunk);
            chunk.records().forEach(record -> {
                outcomes.remove(record);
                lastChunk.put(record, chunk.number());
            });
        } else {
            outcomes.put(line.getString("record"), line);
            if (line.containsKey("sum")) {
                sums.put(line.getString("record"), line.getString("sum"));
            }
        }
    }

    /** The chunks that were sent, perhaps, and whose answer is not known. */
    List<Chunk> unanswered() {
        return chunks.values().stream()
                .filter(chunk -> chunk.records().stream().anyMatch(record -> isUnanswered(chunk, record)))
                .toList();
    }

    private boolean isUnanswered(Chunk chunk, String record) {
        Integer last = lastChunk.get(record);
        return last != null && last == chunk.number() && !outcomes.containsKey(record);
    }

    /** Whether nothing is to be done for a record any more: it is stored, or nobody knows. */
    boolean isSettled(String record) {
        JsonObject outcome = outcomes.get(record);
        return outcome != null && (outcome.containsKey("template") || outcome.containsKey("unknown"));
    }

    boolean isStored(String record) {
        JsonObject outcome = outcomes.get(record);
        return outcome != null && outcome.containsKey("template");
    }

    /** What became of a record that is not stored. */
    Optional<JsonObject> failure(String record) {
        return Optional.ofNullable(outcomes.get(record)).filter(outcome -> !outcome.containsKey("template"));
    }

    /** The id that a record's new subject has in every run. */
    UUID subject(String record) {
        return SubjectId.of(begun, hash(record));
    }

    /** By what the journal knows a record's content again; of no use to who has not this journal and the content. */
    String sum(JsonObject content) {
        byte[] most = Arrays.copyOf(hash(content.toString()), 16);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(most);
    }

    private byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest((run + "\n" + text).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JVM has SHA-256", e);
        }
    }

    /** Whether a record has another content than when it was sent, as far as the journal knows. */
    boolean isOther(String record, JsonObject content) {
        String known = sums.get(record);
        return known != null && !known.equals(sum(content));
    }

    /** The name by which the vault knows the chunk. */
    String key(Chunk chunk) {
        return run + "-" + chunk.number();
    }

    /** Notes that these are sent next, by their names, with the sums of their contents. */
    Chunk send(Map<String, String> sumsByName) throws IOException {
        Chunk chunk = new Chunk(chunks.size() + 1, Instant.now(), List.copyOf(sumsByName.keySet()));
        JsonObject line = Json.createObjectBuilder()
                .add("chunk", chunk.number())
                .add("at", chunk.sentAt().toString())
                .add("records", Json.createArrayBuilder(sumsByName.keySet()))
                .add("sums", Json.createArrayBuilder(sumsByName.values()))
                .build();
        write(List.of(line));
        take(line);
        return chunk;
    }

    /** Notes what came back. */
    void note(List<JsonObject> lines) throws IOException {
        write(lines);
        lines.forEach(this::take);
    }

    /** @param sum of the content that was stored */
    static JsonObject stored(String record, String sum, JsonObject result) {
        return Json.createObjectBuilder()
                .add("record", record)
                .add("sum", sum)
                .add("subject", result.getString("subject"))
                .add("template", result.getString("template"))
                .add("version", result.getInt("version"))
                .build();
    }

    static JsonObject failed(String record, Problem problem) {
        return Json.createObjectBuilder()
                .add("record", record)
                .add("problem", problem.json())
                .build();
    }

    /** It is not sent again: perhaps it is stored, or it was and somebody has deleted it since. */
    static JsonObject unknown(String record, Problem problem) {
        return Json.createObjectBuilder(failed(record, problem))
                .add("unknown", JsonValue.TRUE)
                .build();
    }

    private void write(List<JsonObject> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line).append('\n'));
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
