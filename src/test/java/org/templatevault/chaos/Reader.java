package org.templatevault.chaos;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.chaos.Books.Held;
import org.templatevault.chaos.Outages.Failure;
import org.templatevault.testing.VaultServer;

/** Reads templates at random, one by one or ten in a batch, and compares every byte. */
final class Reader implements Runnable {
    static final int BATCH = 10;
    private static final Map<String, String> ONE =
            Map.of("X-Purpose", "verification", "Accept", "application/octet-stream");
    private static final Map<String, String> MANY =
            Map.of("X-Purpose", "verification", "Content-Type", "application/json");

    private final Wire wire;
    private final Books books;
    private final Outages outages;
    private final SplittableRandom random;
    private final AtomicLong reads;

    Reader(VaultServer server, Books books, Outages outages, SplittableRandom random, AtomicLong reads) {
        this.wire = new Wire(server.as("reader"));
        this.books = books;
        this.outages = outages;
        this.random = random;
        this.reads = reads;
    }

    @Override
    public void run() {
        try (wire) {
            while (!Thread.currentThread().isInterrupted()) {
                if (random.nextInt(20) == 0) {
                    batch();
                } else {
                    one();
                }
                Thread.sleep(random.nextInt(8));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void one() throws InterruptedException {
        Held held = books.pick(random);
        if (held.person().erasureAsked()) {
            return;
        }
        int atLeast = held.acknowledged();
        Instant from = Instant.now();
        try {
            Wire.Reply reply = wire.send("GET", held.path() + "/content", ONE, new byte[0]);
            reads.incrementAndGet();
            if (reply.status() == 200) {
                check(held, reply.version(), atLeast, reply.body());
            } else {
                judge(held, reply.status(), from, reply.text());
            }
        } catch (IOException e) {
            unanswered(from, "read", e);
        }
    }

    private void batch() throws InterruptedException {
        List<Held> chosen = new ArrayList<>();
        List<Integer> atLeast = new ArrayList<>();
        JsonArrayBuilder items = Json.createArrayBuilder();
        for (int i = 0; i < BATCH; i++) {
            Held held = books.pick(random);
            if (!held.person().erasureAsked()) {
                chosen.add(held);
                atLeast.add(held.acknowledged());
                items.add(Json.createObjectBuilder()
                        .add("subject", held.person().id().toString())
                        .add("template", held.template().toString()));
            }
        }
        if (chosen.isEmpty()) {
            return;
        }
        byte[] body = Json.createObjectBuilder()
                .add("items", items)
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        Instant from = Instant.now();
        try {
            Wire.Reply reply = wire.send("POST", "/templates:batchGet", MANY, body);
            reads.addAndGet(chosen.size());
            if (reply.status() != 200) {
                judge(chosen.get(0), reply.status(), from, reply.text());
                return;
            }
            List<JsonObject> results = json(reply).getJsonArray("results").getValuesAs(JsonObject.class);
            for (int i = 0; i < chosen.size(); i++) {
                JsonObject result = results.get(i);
                if (result.getInt("status") == 200) {
                    check(
                            chosen.get(i),
                            result.getInt("version"),
                            atLeast.get(i),
                            Base64.getDecoder().decode(result.getString("data")));
                } else {
                    judge(chosen.get(i), result.getInt("status"), from, result.toString());
                }
            }
        } catch (IOException e) {
            unanswered(from, "batchGet", e);
        }
    }

    static JsonObject json(Wire.Reply reply) {
        try (var reader = Json.createReader(new ByteArrayInputStream(reply.body()))) {
            return reader.readObject();
        }
    }

    private void check(Held held, int version, int atLeast, byte[] bytes) {
        Optional<Content> content = held.at(version);
        if (version < atLeast || content.isEmpty()) {
            outages.wrong(held.path() + " is version " + version + ", acknowledged was " + atLeast);
        } else if (!Arrays.equals(content.get().bytes(), bytes)) {
            outages.wrong(held.path() + " version " + version + " has other bytes");
        }
    }

    private void judge(Held held, int status, Instant from, String detail) throws InterruptedException {
        boolean gone = status == 404 || status == 410;
        if (!gone || !held.person().erasureAsked()) {
            outages.failed(new Failure(from, Instant.now(), "read " + held.path(), status, detail));
            Thread.sleep(50);
        }
    }

    private void unanswered(Instant from, String request, IOException failure) throws InterruptedException {
        outages.failed(
                new Failure(wire.brokenSince(from), Instant.now(), request, 0, String.valueOf(failure.getMessage())));
        Thread.sleep(500);
    }
}
