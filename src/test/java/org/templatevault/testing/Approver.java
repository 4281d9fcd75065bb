package org.templatevault.testing;

import jakarta.json.Json;
import jakarta.json.JsonObject;

/** The second person: reads what was asked and approves exactly that. */
public final class Approver {
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
        approve(new KeyVersion(server, version).askForApproval(true));
    }

    /** Has a version destroyed without a newer backup, and waits until it is. */
    public void destroy(int version) {
        beginDestruction(version);
        new KeyVersion(server, version).await("DESTROYED");
    }

    /** Approves what was read. */
    public JsonObject approve(String approval) {
        return approve(approval, get(approval).getString("requestHash"))
                .expect(200)
                .json();
    }
}
