package org.templatevault.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultServer;

/** The records that a restored database takes over. Their receipts are signed: none may be made up. */
class ReapplyIT {
    private final VaultServer server = SharedVault.mortal().server();
    private final Rows rows = new Rows(SharedVault.mortal().home());
    private JsonObject record = JsonValue.EMPTY_JSON_OBJECT;

    @BeforeEach
    void erase() {
        UUID subject = server.as("enroller")
                .store(UUID.randomUUID(), "modality=IRIS&format=OPAQUE", new byte[] {1})
                .subject();
        String id = server.as("eraser")
                .erase(subject, "retention")
                .expect(202)
                .json()
                .getString("id");
        record = new Eraser(server).exported(id);
    }

    private Answer apply(JsonObject one) {
        return server.as("eraser")
                .post("/erasures:reapply")
                .header("X-Reason", "retention")
                .json(Json.createObjectBuilder()
                        .add("erasures", Json.createArrayBuilder().add(one))
                        .build())
                .send();
    }

    private JsonObject with(String field, JsonValue value) {
        return Json.createObjectBuilder(record).add(field, value).build();
    }

    @Test
    void takesARecordOverAsThisVaultGaveIt() {
        apply(record).expect(202);
    }

    @Test
    void takesNoRecordOverOfWhichAnythingIsAnother() {
        Map<String, JsonValue> others = new LinkedHashMap<>();
        others.put("id", Json.createValue(UUID.randomUUID().toString()));
        others.put("tag", Json.createValue("00".repeat(32)));
        others.put("keyNumber", Json.createValue(99));
        others.put("pseudonym", Json.createValue("00".repeat(32)));
        others.put("reason", Json.createValue("consent-withdrawn"));
        others.put("requestedBy", Json.createValue("somebody else"));
        others.put("logicalAt", Json.createValue(Instant.EPOCH.toString()));
        others.put("keyVersion", Json.createValue(record.getInt("keyVersion") + 1));
        others.put("lastKeyVersion", Json.createValue(record.getInt("lastKeyVersion") + 1));
        others.put("templates", Json.createValue(record.getInt("templates") + 1));
        others.put("released", JsonValue.TRUE);
        others.put("mac", Json.createValue("00".repeat(32)));
        long before = rows.number("select count(*) from vault.erasure");
        others.forEach((field, value) -> apply(with(field, value)).problem(422, "invalid-field"));
        apply(Json.createObjectBuilder(record).remove("mac").build()).problem(422, "invalid-field");
        apply(Json.createObjectBuilder(record).remove("pseudonym").build()).problem(422, "invalid-field");
        assertEquals(before, rows.number("select count(*) from vault.erasure"));
    }
}
