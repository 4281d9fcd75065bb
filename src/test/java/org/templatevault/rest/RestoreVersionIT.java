package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;

/** An old version of a template becomes the present one again. */
class RestoreVersionIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String OPEN = "?modality=FINGERPRINT&format=OPAQUE";

    private final Rows rows = new Rows(SharedVault.server().home());

    private static byte[] content(Stored stored, String query) {
        return as("reader")
                .get(stored.path() + "/content" + query)
                .header("X-Purpose", "support")
                .header("Accept", "application/octet-stream")
                .send()
                .expect(200)
                .bytes();
    }

    private static Answer restore(Stored stored, int version, String ifMatch) {
        var call = as("enroller").post(stored.path() + "/versions/" + version + ":restore");
        return (ifMatch.isEmpty() ? call : call.header("If-Match", ifMatch)).send();
    }

    @Test
    void restoresAnOldVersionAsANewOne() {
        UUID subject = UUID.randomUUID();
        Stored stored = as("enroller")
                .store(
                        subject,
                        "modality=FINGERPRINT&format=OPAQUE&quality=71&extractorName=old&extractorVersion=1",
                        TEMPLATE);
        byte[] newer = IsoTemplates.fingerprint(41, 2);
        as("enroller")
                .put(stored.path() + OPEN + "&extractorName=new&extractorVersion=2")
                .header("If-Match", "\"1\"")
                .octets(newer)
                .send()
                .expect(200);
        restore(stored, 1, "").problem(428, "if-match-missing");
        restore(stored, 1, "\"1\"").problem(412, "stale-version");
        restore(stored, 9, "\"2\"").problem(404, "template-not-found");
        JsonObject restored = restore(stored, 1, "\"2\"").expect(200).json();
        assertEquals(3, restored.getInt("version"));
        assertEquals(71, restored.getInt("quality"));
        assertArrayEquals(TEMPLATE, content(stored, ""));
        assertArrayEquals(newer, content(stored, "?version=2"));
        assertArrayEquals(TEMPLATE, content(stored, "?version=1"));
        List<JsonObject> versions = as("reader")
                .get(stored.path() + "/versions")
                .send()
                .expect(200)
                .json()
                .getJsonArray("templates")
                .getValuesAs(JsonObject.class);
        assertEquals(
                List.of(3, 2, 1),
                versions.stream().map(v -> v.getInt("version")).toList());
        assertEquals(
                List.of("old", "new", "old"),
                versions.stream()
                        .map(v -> v.getJsonObject("extractor").getString("name"))
                        .toList());
        assertTrue(versions.stream().allMatch(v -> v.getString("createdBy").equals("enroller")));
        assertTrue(Instant.parse(versions.get(0).getString("createdAt"))
                .isAfter(Instant.parse(versions.get(2).getString("createdAt"))));
        assertEquals(
                rows.number("select sum(octet_length(envelope)) from vault.template where subject_id = ?", subject),
                rows.number("select stored_bytes from vault.subject_key where subject_id = ?", subject));
    }
}
