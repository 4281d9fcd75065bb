package org.templatevault.chaos;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.templatevault.chaos.Books.Held;
import org.templatevault.chaos.Books.Order;
import org.templatevault.chaos.Books.Person;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.VaultServer;

/** Compares books and vault when all is quiet: nothing lost, nothing doubled, every byte. */
final class FinalCheck {
    private static final int BATCH = 50;
    private static final byte[] NOTHING = {};

    /** One version of a template, and what it must be. */
    private record Kept(Held held, int version, Content content) {}

    private final Wire enroller;
    private final Wire reader;
    private final Books books;
    private final Rows rows;
    private final List<String> faults = new ArrayList<>();

    FinalCheck(VaultServer server, Books books, Outages outages) {
        this.enroller = new Wire(server.as("enroller"));
        this.reader = new Wire(server.as("reader"));
        this.books = books;
        this.rows = new Rows(server.home());
        if (!server.isRunning()) {
            outages.wrong("The server does not run at the end");
        }
    }

    /** What is not as it must be. */
    List<String> faults() {
        try (enroller;
                reader) {
            for (Order order : books.lost()) {
                repeat(order);
            }
            for (Held held : books.all()) {
                if (held.isOpen() && !held.person().erasureAsked()) {
                    settleReplacement(held);
                }
            }
            for (Person person : books.people()) {
                if (person.erasureAsked()) {
                    settleErasure(person);
                }
            }
            compareRows();
            compareBytes();
            faults.addAll(Invariants.broken(rows));
            long notDrained = rows.number("select count(*) from vault.rotation where state <> 'DRAINED'");
            if (notDrained != 0) {
                faults.add(notDrained + " rotations did not end DRAINED");
            }
            return faults;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same key again: one effect, whether or not the first request had one. */
    private void repeat(Order order) throws IOException {
        for (int i = 0; i < 2; i++) {
            Wire.Reply reply = Writer.send(enroller, order);
            if (reply.status() != (order.batch() ? 200 : 201)) {
                faults.add("A repeated order answers " + reply.status() + " " + reply.text());
                return;
            }
            List<JsonObject> results = order.batch()
                    ? Reader.json(reply).getJsonArray("results").getValuesAs(JsonObject.class)
                    : List.of(Reader.json(reply));
            for (int item = 0; item < order.items().size() && i == 0; item++) {
                JsonObject result = results.get(item);
                if (result.getInt("status", 201) == 201) {
                    books.stored(
                            order.items().get(item).person(),
                            UUID.fromString(result.getString("template")),
                            order.items().get(item).content());
                } else {
                    faults.add("An item of a repeated batch answers " + result);
                }
            }
        }
    }

    private void settleReplacement(Held held) throws IOException {
        Wire.Reply reply = reader.send("GET", held.path(), Map.of(), NOTHING);
        int present = reply.status() == 200 ? reply.version() : 0;
        if (present == held.acknowledged() + 1) {
            held.acknowledge(held.at(present).orElseThrow());
        } else {
            held.withdraw();
        }
    }

    private void settleErasure(Person person) throws IOException {
        Wire.Reply reply = reader.send("GET", "/subjects/" + person.id(), Map.of(), NOTHING);
        if (reply.status() == 410) {
            person.acknowledgeErasure();
        } else if (person.erased() || reply.status() != 200) {
            faults.add("The erased subject " + person.id() + " answers " + reply.status());
        }
    }

    private void compareRows() {
        Map<String, Integer> expected = new HashMap<>(books.expectedVersions());
        for (String row : rows.texts("select subject_id || '/' || id || ' ' || count(*) || ' ' || max(version)"
                + " from vault.template group by subject_id, id")) {
            String[] parts = row.split(" ", -1);
            Integer versions = expected.remove(parts[0]);
            if (versions == null) {
                faults.add("Nobody was acknowledged " + row);
            } else if (!parts[1].equals(parts[2]) || versions != Integer.parseInt(parts[1])) {
                faults.add("Acknowledged were " + versions + " versions, there are " + row);
            }
        }
        expected.forEach((path, versions) -> faults.add("Lost: " + path + " with " + versions + " versions"));
    }

    private void compareBytes() throws IOException {
        List<Kept> batch = new ArrayList<>();
        for (Held held : books.all()) {
            for (int version = 1;
                    version <= held.acknowledged() && !held.person().erased();
                    version++) {
                batch.add(new Kept(held, version, held.at(version).orElseThrow()));
                if (batch.size() == BATCH) {
                    compare(batch);
                    batch.clear();
                }
            }
        }
        if (!batch.isEmpty()) {
            compare(batch);
        }
    }

    private void compare(List<Kept> batch) throws IOException {
        JsonArrayBuilder items = Json.createArrayBuilder();
        batch.forEach(kept -> items.add(Json.createObjectBuilder()
                .add("subject", kept.held().person().id().toString())
                .add("template", kept.held().template().toString())
                .add("version", kept.version())));
        Wire.Reply reply = reader.send(
                "POST",
                "/templates:batchGet",
                Map.of("X-Purpose", "verification", "Content-Type", "application/json"),
                Json.createObjectBuilder()
                        .add("items", items)
                        .build()
                        .toString()
                        .getBytes(StandardCharsets.UTF_8));
        if (reply.status() != 200) {
            faults.add("A batch of reads answers " + reply.status() + " " + reply.text());
            return;
        }
        List<JsonObject> results = Reader.json(reply).getJsonArray("results").getValuesAs(JsonObject.class);
        for (int i = 0; i < batch.size(); i++) {
            Kept kept = batch.get(i);
            JsonObject result = results.get(i);
            if (result.getInt("status") != 200) {
                faults.add(kept.held().path() + " version " + kept.version() + ": " + result);
            } else if (!Arrays.equals(
                    Base64.getDecoder().decode(result.getString("data")),
                    kept.content().bytes())) {
                faults.add(kept.held().path() + " version " + kept.version() + " has other bytes");
            }
        }
    }
}
