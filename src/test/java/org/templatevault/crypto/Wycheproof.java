package org.templatevault.crypto;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** Reads Project Wycheproof's vectors (C2SP/wycheproof, {@code testvectors_v1}) from a folder beside the project. */
final class Wycheproof {
    private Wycheproof() {}

    /** One published case. */
    record Case(JsonObject json) {
        byte[] bytes(String name) {
            return HexFormat.of().parseHex(json.getString(name));
        }

        int number(String name) {
            return json.getInt(name);
        }

        boolean valid() {
            return json.getString("result").equals("valid");
        }

        String what() {
            return "case " + json.getInt("tcId") + " " + json.getString("comment");
        }
    }

    /** All cases of a file; skips the test where the folder is absent. */
    static List<Case> cases(String file) {
        Path path = Path.of(System.getProperty("vault.vectors", "../shared/vectors"), file);
        assumeTrue(Files.isReadable(path), "published vectors are absent: set vault.vectors to their folder");
        return read(path).getJsonArray("testGroups").getValuesAs(JsonObject.class).stream()
                .flatMap(group -> group.getJsonArray("tests").getValuesAs(JsonObject.class).stream())
                .map(Case::new)
                .toList();
    }

    private static JsonObject read(Path path) {
        try (InputStream in = Files.newInputStream(path);
                JsonReader reader = Json.createReader(in)) {
            return reader.readObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
