package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** A vault that tests damage and mend; whoever is still damaged afterwards is erased. */
abstract class DamagedVault {
    static final String OPEN = "modality=IRIS&format=OPAQUE";
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final VaultServer server = SharedVault.mortal().server();
    final Rows rows = new Rows(SharedVault.mortal().home());
    final Custodian custodian = new Custodian(server);
    final byte[] bytes = TemplateDocument.noise(300, 1);
    final Stored one = store(UUID.randomUUID());

    Stored store(UUID subject) {
        return server.as("enroller").store(subject, OPEN, bytes);
    }

    /** Whoever is still damaged is erased: the other tests rotate the same vault. */
    @AfterEach
    void eraseTheDamaged() {
        for (String subject : rows.texts("select distinct subject_id::text from vault.quarantine")) {
            server.as("eraser")
                    .erase(UUID.fromString(subject), "enrolment-error")
                    .expect(202);
        }
        assertEquals("DRAINED", rotate("reencrypt").getString("state"));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    JsonObject rotate(String mode) {
        return custodian.rotate(Json.createObjectBuilder().add("mode", mode));
    }

    JsonObject quarantined(UUID subject) {
        String cursor = "";
        while (true) {
            JsonObject page = server.as("auditor")
                    .get("/quarantine" + cursor)
                    .send()
                    .expect(200)
                    .json();
            for (JsonObject row : page.getJsonArray("rows").getValuesAs(JsonObject.class)) {
                if (row.getString("subject").equals(subject.toString())) {
                    return row;
                }
            }
            if (!page.containsKey("next")) {
                throw new AssertionError("Not in quarantine: " + subject);
            }
            cursor = "?cursor=" + page.getString("next");
        }
    }

    void flipABit(Stored stored) {
        rows.change(
                "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1) where id = ?",
                stored.template());
    }

    void isClassified(UUID subject, String expected) {
        assertEquals("DRAINED_WITH_QUARANTINE", rotate("reencrypt").getString("state"));
        assertEquals(expected, quarantined(subject).getString("class"));
    }
}
