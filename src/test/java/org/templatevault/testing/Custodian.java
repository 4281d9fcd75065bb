package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;

/** Asks for rotations through the API and waits for them. */
public final class Custodian {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Set<String> FINAL = Set.of("DRAINED", "DRAINED_WITH_QUARANTINE", "CANCELLED");

    private final VaultServer server;

    /** For this server. */
    public Custodian(VaultServer server) {
        this.server = server;
    }

    /** Asks for a rotation, whatever the answer. */
    public Answer ask(JsonObjectBuilder body) {
        return server.as("key-custodian").post("/rotations").json(body.build()).send();
    }

    /** Starts a rotation; its id. */
    public String start() {
        return start(Json.createObjectBuilder());
    }

    /** Starts a rotation with this body; its id. */
    public String start(JsonObjectBuilder body) {
        return ask(body).expect(202).json().getString("id");
    }

    /** A rotation from its request to its end. */
    public JsonObject rotate(JsonObjectBuilder body) {
        return end(start(body));
    }

    /** A rotation as the operator sees it. */
    public JsonObject get(String id) {
        return server.as("operator").get("/rotations/" + id).send().expect(200).json();
    }

    /** Asks to pause, resume or cancel. */
    public Answer steer(String id, String verb) {
        return server.as("key-custodian").post("/rotations/" + id + ":" + verb).send();
    }

    /** Asks for another rate, in subjects a second; null for none. */
    public Answer changeRate(String id, @Nullable Integer rate) {
        JsonObjectBuilder body = Json.createObjectBuilder();
        return server.as("operator")
                .call("PATCH", "/rotations/" + id)
                .json((rate == null ? body.addNull("rate") : body.add("rate", rate)).build())
                .send();
    }

    /** As fast as it can from now on, to the end, which must be DRAINED. */
    public JsonObject drain(String id) {
        changeRate(id, null).expect(200);
        return drained(id);
    }

    /** Waits for the end, which must be DRAINED. */
    public JsonObject drained(String id) {
        JsonObject ended = end(id);
        Assertions.assertEquals("DRAINED", ended.getString("state"), ended::toString);
        return ended;
    }

    /** Waits for one of these states, and checks the equation on the way. */
    public JsonObject await(String id, String... states) {
        AtomicReference<JsonObject> last = new AtomicReference<>(JsonObject.EMPTY_JSON_OBJECT);
        TestHome.await("the rotation is " + List.of(states), PATIENCE, () -> {
            JsonObject now = get(id);
            last.set(now);
            requireEquation(now);
            return List.of(states).contains(now.getString("state"));
        });
        return java.util.Objects.requireNonNull(last.get());
    }

    /** Waits for the end, whichever it is. */
    public JsonObject end(String id) {
        return await(id, FINAL.toArray(String[]::new));
    }

    /** Fails unless total = done + remaining + quarantined + erased. */
    public static void requireEquation(JsonObject rotation) {
        if (!rotation.isNull("startedAt")) {
            Assertions.assertEquals(
                    rotation.getInt("total"),
                    rotation.getInt("done")
                            + rotation.getInt("remaining")
                            + rotation.getInt("quarantined")
                            + rotation.getInt("erased"),
                    rotation::toString);
            Assertions.assertTrue(rotation.getInt("remaining") >= 0, rotation::toString);
        }
    }
}
