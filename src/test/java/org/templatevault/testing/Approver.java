package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import org.templatevault.testing.VaultClient.Answer;

/** The second person: reads what was asked and approves exactly that. */
public final class Approver {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final VaultServer server;

    /** For this server. */
    public Approver(VaultServer server) {
        this.server = server;
    }

    /** A request as everybody sees it. */
    public JsonObject get(String approval) {
        return server.as("auditor")
                .get("/approvals/" + approval)
                .send()
                .expect(200)
                .json();
    }

    /** Approves with a hash, whatever the answer. */
    public Answer approve(String approval, String requestHash) {
        return server.as("approver")
                .post("/approvals/" + approval + ":approve")
                .json(Json.createObjectBuilder().add("requestHash", requestHash).build())
                .send();
    }

    /** Asks for the destruction of a version without a newer backup, and approves it. */
    public void beginDestruction(int version) {
        approve(server.as("key-custodian")
                .post("/keys/" + version + ":destroy")
                .json("{\"withoutNewerBackup\":true}")
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id"));
    }

    /** Has a version destroyed without a newer backup, and waits until it is. */
    public void destroy(int version) {
        beginDestruction(version);
        TestHome.await(
                "version " + version + " is destroyed",
                PATIENCE,
                () -> server.as("auditor")
                        .get("/keys/" + version)
                        .send()
                        .expect(200)
                        .json()
                        .getString("state")
                        .equals("DESTROYED"));
    }

    /** Approves what was read. */
    public JsonObject approve(String approval) {
        return approve(approval, get(approval).getString("requestHash"))
                .expect(200)
                .json();
    }
}
