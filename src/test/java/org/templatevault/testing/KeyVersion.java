package org.templatevault.testing;

import jakarta.json.JsonObject;
import java.time.Duration;

/** A key version and its end, as people see them through the API. */
public record KeyVersion(VaultServer server, int number) {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /** The active version. */
    public static KeyVersion active(VaultServer server) {
        return server.as("auditor").get("/keys").send().expect(200).json().getJsonArray("keys").stream()
                .map(JsonObject.class::cast)
                .filter(key -> key.getString("state").equals("ACTIVE"))
                .map(key -> new KeyVersion(server, key.getInt("version")))
                .findFirst()
                .orElseThrow();
    }

    /** Asks for its destruction without a newer backup, whatever the answer. */
    public Answer ask() {
        return ask(true);
    }

    private Answer ask(boolean withoutBackup) {
        return server.as("key-custodian")
                .post("/keys/" + number + ":destroy")
                .json("{\"withoutNewerBackup\":" + withoutBackup + "}")
                .send();
    }

    /** Asks for its destruction; the id of the approval that it needs. */
    public String askForApproval(boolean withoutBackup) {
        return ask(withoutBackup).expect(202).json().getJsonObject("approval").getString("id");
    }

    /** The version. */
    public JsonObject get() {
        return get("");
    }

    /** What stands under it. */
    public JsonObject usage() {
        return get("/usage");
    }

    /** Its newest destruction. */
    public JsonObject destruction() {
        return get("/destruction");
    }

    /** What its certificate says. */
    public JsonObject certificate() {
        return get("/certificate").getJsonObject("certificate");
    }

    private JsonObject get(String part) {
        return server.as("auditor")
                .get("/keys/" + number + part)
                .send()
                .expect(200)
                .json();
    }

    /** Waits until its destruction is in this state. */
    public JsonObject await(String state) {
        TestHome.await(
                "the destruction of version " + number + " is " + state,
                PATIENCE,
                () -> destruction().getString("state").equals(state));
        return destruction();
    }
}
