package org.templatevault.chaos;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.chaos.Books.Held;
import org.templatevault.chaos.Books.Item;
import org.templatevault.chaos.Books.Order;
import org.templatevault.chaos.Books.Person;
import org.templatevault.chaos.Outages.Failure;
import org.templatevault.testing.VaultServer;

/** Stores, replaces, stores in batches and erases, for persons of its own; writes down what was acknowledged. */
final class Writer implements Runnable {
    private static final int MOST_VERSIONS = 8;
    private static final String OPEN = "?modality=FACE&format=OPAQUE";
    private static final byte[] NOTHING = {};

    private final Wire enroller;
    private final Wire eraser;
    private final Books books;
    private final Outages outages;
    private final SplittableRandom random;
    private final AtomicLong writes;
    private final int pause;
    private final List<Person> mine = new ArrayList<>();

    Writer(
            VaultServer server,
            Books books,
            Outages outages,
            SplittableRandom random,
            AtomicLong writes,
            int pauseMillis) {
        this.enroller = new Wire(server.as("enroller"));
        this.eraser = new Wire(server.as("eraser"));
        this.books = books;
        this.outages = outages;
        this.random = random;
        this.writes = writes;
        this.pause = pauseMillis;
    }

    /** Stores templates of new persons, some with several, before anything is killed. */
    void enrol(int templates) throws InterruptedException {
        for (int left = templates; left > 0; ) {
            List<Item> items = new ArrayList<>();
            while (items.size() < Math.min(200, left)) {
                Person person = new Person(
                        new UUID((random.nextLong() & ~0xf000L) | 0x4000L, (random.nextLong() >>> 2) | Long.MIN_VALUE));
                int several = random.nextInt(5) == 0 ? 1 + random.nextInt(6) : 1;
                for (int i = 0; i < several && items.size() < Math.min(200, left); i++) {
                    items.add(new Item(person, content()));
                }
            }
            left -= items.size();
            batch(items);
        }
    }

    @Override
    public void run() {
        try (enroller;
                eraser) {
            while (!Thread.currentThread().isInterrupted()) {
                step();
                Thread.sleep(random.nextInt(pause + 1));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void step() throws InterruptedException {
        int dice = random.nextInt(100);
        if (dice < 40) {
            store(random.nextInt(3) == 0 ? newPerson() : known());
        } else if (dice < 75) {
            replace(known());
        } else if (dice < 90) {
            List<Item> items = new ArrayList<>();
            for (int i = random.nextInt(2, 20); i > 0; i--) {
                items.add(new Item(random.nextInt(3) == 0 ? newPerson() : known(), content()));
            }
            batch(items);
        } else {
            erase(known());
        }
    }

    private Person newPerson() {
        return new Person(
                new UUID((random.nextLong() & ~0xf000L) | 0x4000L, (random.nextLong() >>> 2) | Long.MIN_VALUE));
    }

    private Person known() {
        for (int i = 0; i < 20 && !mine.isEmpty(); i++) {
            Person person = mine.get(random.nextInt(mine.size()));
            if (!person.isLeftAlone()) {
                return person;
            }
        }
        return newPerson();
    }

    private Content content() {
        int dice = random.nextInt(1000);
        int length = dice < 5
                ? random.nextInt(64 << 10, 200 << 10)
                : dice < 50 ? random.nextInt(4 << 10, 20 << 10) : random.nextInt(1, 2000);
        return new Content(length, random.nextLong());
    }

    private void store(Person person) throws InterruptedException {
        Order order = new Order(key(), false, List.of(new Item(person, content())));
        Instant from = Instant.now();
        try {
            Wire.Reply reply = send(enroller, order);
            writes.incrementAndGet();
            if (reply.status() == 201) {
                acknowledged(order, List.of(Reader.json(reply)));
            } else {
                books.lost(order);
                failed(from, "store", reply.status(), reply.text());
            }
        } catch (IOException e) {
            books.lost(order);
            failed(enroller.brokenSince(from), "store", 0, String.valueOf(e.getMessage()));
        }
    }

    private void batch(List<Item> items) throws InterruptedException {
        Order order = new Order(key(), true, items);
        Instant from = Instant.now();
        try {
            Wire.Reply reply = send(enroller, order);
            writes.addAndGet(items.size());
            if (reply.status() == 200) {
                acknowledged(order, Reader.json(reply).getJsonArray("results").getValuesAs(JsonObject.class));
            } else {
                books.lost(order);
                failed(from, "batchStore", reply.status(), reply.text());
            }
        } catch (IOException e) {
            books.lost(order);
            failed(enroller.brokenSince(from), "batchStore", 0, String.valueOf(e.getMessage()));
        }
    }

    private String key() {
        return "key-" + Long.toHexString(random.nextLong());
    }

    /** Sends an order; the same order gives the same bytes. */
    static Wire.Reply send(Wire wire, Order order) throws IOException {
        if (!order.batch()) {
            Item item = order.items().get(0);
            return wire.send(
                    "POST",
                    "/subjects/" + item.person().id() + "/templates" + OPEN,
                    Map.of("Content-Type", "application/octet-stream", "Idempotency-Key", order.key()),
                    item.content().bytes());
        }
        JsonArrayBuilder array = Json.createArrayBuilder();
        for (Item item : order.items()) {
            array.add(Json.createObjectBuilder()
                    .add("subject", item.person().id().toString())
                    .add("modality", "FACE")
                    .add("format", "OPAQUE")
                    .add("data", item.content().base64()));
        }
        return wire.send(
                "POST",
                "/templates:batchStore",
                Map.of("Content-Type", "application/json", "Idempotency-Key", order.key()),
                Json.createObjectBuilder()
                        .add("items", array)
                        .build()
                        .toString()
                        .getBytes(StandardCharsets.UTF_8));
    }

    private void acknowledged(Order order, List<JsonObject> results) {
        for (int i = 0; i < order.items().size(); i++) {
            Item item = order.items().get(i);
            JsonObject result = results.get(i);
            if (result.getInt("status", 201) != 201) {
                outages.wrong("An item of a batch was refused: " + result);
                continue;
            }
            if (item.person().templates().isEmpty()) {
                mine.add(item.person());
            }
            books.stored(item.person(), UUID.fromString(result.getString("template")), item.content());
        }
    }

    private void replace(Person person) throws InterruptedException {
        List<Held> templates = person.templates();
        if (templates.isEmpty()) {
            return;
        }
        Held held = templates.get(random.nextInt(templates.size()));
        if (held.isOpen() || held.acknowledged() >= MOST_VERSIONS) {
            return;
        }
        Content replacement = content();
        held.ask(replacement);
        Instant from = Instant.now();
        try {
            Wire.Reply reply = enroller.send(
                    "PUT",
                    held.path() + OPEN,
                    Map.of("Content-Type", "application/octet-stream", "If-Match", "\"" + held.acknowledged() + "\""),
                    replacement.bytes());
            writes.incrementAndGet();
            if (reply.status() == 200) {
                held.acknowledge(replacement);
            } else {
                person.leaveOpen();
                failed(from, "replace", reply.status(), reply.text());
            }
        } catch (IOException e) {
            person.leaveOpen();
            failed(enroller.brokenSince(from), "replace", 0, String.valueOf(e.getMessage()));
        }
    }

    private void erase(Person person) throws InterruptedException {
        if (person.templates().isEmpty()) {
            return;
        }
        Instant from = Instant.now();
        try {
            Wire.Reply found = eraser.send("GET", "/subjects/" + person.id(), Map.of(), NOTHING);
            if (found.status() != 200) {
                failed(from, "describe", found.status(), found.text());
                return;
            }
            person.askErasure();
            Wire.Reply reply = eraser.send(
                    "DELETE",
                    "/subjects/" + person.id(),
                    Map.of("If-Match", found.header("ETag"), "X-Reason", "retention"),
                    NOTHING);
            writes.incrementAndGet();
            if (reply.status() == 202) {
                person.acknowledgeErasure();
            } else {
                failed(from, "erase", reply.status(), reply.text());
            }
        } catch (IOException e) {
            failed(eraser.brokenSince(from), "erase", 0, String.valueOf(e.getMessage()));
        }
    }

    private void failed(Instant from, String request, int status, String detail) throws InterruptedException {
        outages.failed(new Failure(from, Instant.now(), request, status, detail));
        Thread.sleep(status == 0 ? 2000 : 300);
    }
}
