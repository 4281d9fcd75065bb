package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * Records from their enrolment to after a rotation: the bytes that came in come out. Beside made records, those of the
 * folder that the system property {@code vault.templates} names.
 */
class RecordLifeIT {
    private static final String QUERY = "modality=FINGERPRINT&position=RIGHT_INDEX&format=";

    private final VaultServer server = SharedVault.mortal().server();

    private static Map<String, byte[]> records() throws IOException {
        Map<String, byte[]> records = new LinkedHashMap<>();
        for (int minutiae = 1; minutiae <= 75; minutiae += 7) {
            records.put("ISO_19794_2_2005 " + minutiae, IsoTemplates.fingerprint(minutiae, minutiae));
        }
        String folder = System.getProperty("vault.templates");
        if (folder != null) {
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                for (Path file : files.filter(path -> path.toString().endsWith(".dat"))
                        .sorted()
                        .toList()) {
                    records.put(
                            format(file.getFileName().toString()) + " " + file.getFileName(), Files.readAllBytes(file));
                }
            }
            System.out.println("[records] " + records.keySet());
        }
        return records;
    }

    private static String format(String name) {
        if (name.contains("ansi")) {
            return name.contains("2009") ? "ANSI_378_2009" : "ANSI_378_2004";
        }
        return name.contains("2011") ? "ISO_19794_2_2011" : "ISO_19794_2_2005";
    }

    @Test
    void givesBackTheSameBytesAfterReplacementBatchAndRotation() throws IOException {
        Map<Stored, byte[]> first = new LinkedHashMap<>();
        Map<Stored, byte[]> second = new LinkedHashMap<>();
        List<byte[]> all = new ArrayList<>(records().values());
        int next = 0;
        for (Map.Entry<String, byte[]> record : records().entrySet()) {
            String query = QUERY + record.getKey().split(" ")[0];
            Stored stored = server.as("enroller").store(UUID.randomUUID(), query, record.getValue());
            byte[] successor = all.get(++next % all.size());
            server.as("enroller")
                    .put(stored.path() + "?" + query)
                    .header("If-Match", "\"1\"")
                    .octets(successor)
                    .send()
                    .expect(200);
            first.put(stored, record.getValue());
            second.put(stored, successor);
        }
        check(first, second);
        JsonObject ended = new Custodian(server).rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        check(first, second);
    }

    private void check(Map<Stored, byte[]> first, Map<Stored, byte[]> second) {
        second.forEach((stored, bytes) -> {
            assertArrayEquals(
                    bytes, server.as("reader").read(stored).expect(200).bytes());
            byte[] old = server.as("reader")
                    .get(stored.path() + "/content?version=1")
                    .header("X-Purpose", "verification")
                    .header("Accept", "application/octet-stream")
                    .send()
                    .expect(200)
                    .bytes();
            assertArrayEquals(first.get(stored), old);
        });
        JsonArrayBuilder items = Json.createArrayBuilder();
        second.keySet()
                .forEach(stored -> items.add(Json.createObjectBuilder()
                        .add("subject", stored.subject().toString())
                        .add("template", stored.template().toString())));
        List<JsonObject> results = server.as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "verification")
                .json(Json.createObjectBuilder().add("items", items).build())
                .send()
                .expect(200)
                .json()
                .getJsonArray("results")
                .getValuesAs(JsonObject.class);
        List<byte[]> expected = new ArrayList<>(second.values());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(
                    expected.get(i), Base64.getDecoder().decode(results.get(i).getString("data")));
        }
    }
}
