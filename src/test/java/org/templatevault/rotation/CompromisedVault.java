package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.List;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.VaultClient.Stored;

/** A vault of which a key version is compromised. */
abstract class CompromisedVault extends EnrolledVault {
    CompromisedVault() {
        super(30, 200);
    }

    static JsonObjectBuilder compromise() {
        return Json.createObjectBuilder().add("reason", "compromise");
    }

    String state(int version) {
        return server.as("auditor")
                .get("/keys/" + version)
                .send()
                .expect(200)
                .json()
                .getString("state");
    }

    long dek(Stored stored) {
        return rows.number("select dek_number from vault.subject_key where subject_id = ?", stored.subject());
    }

    void rewrap() {
        JsonObject ended = custodian.rotate(Json.createObjectBuilder().add("mode", "rewrap"));
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertEquals(List.of(), Invariants.broken(rows));
    }

    int active() {
        return (int) rows.number("select version from vault.key_version where state = 'ACTIVE'");
    }
}
