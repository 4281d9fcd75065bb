package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * Many subjects with 8 MiB each rotate in a heap of 512 MiB, as 32 templates and as a single one: memory grows with the
 * page, not with the vault. {@code -Dlarge.subjects=…} for another number than 1,000.
 */
@Tag("chaos")
class LargeRotationIT {
    private static final int SUBJECTS = Integer.getInteger("large.subjects", 1_000);
    private static final int SUBJECT_BYTES = 8 << 20;

    private VaultServer server;
    private Rows rows;

    @BeforeEach
    void start(TestInfo test) {
        TestHome home = TestHome.create("large-" + test.getDisplayName().replaceAll("\\W", ""));
        rows = new Rows(home);
        server = VaultServer.on(home)
                .heap("512m")
                .optimized()
                .variable("VAULT_TEMPLATE_MAX_BYTES", Integer.toString(SUBJECT_BYTES))
                .start();
    }

    @AfterEach
    void stop() {
        server.close();
        server.home().close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 32})
    void rotatesEightMebibytesOfEachSubjectInASmallHeap(int templatesOfOne) throws Exception {
        int length = SUBJECT_BYTES / templatesOfOne;
        Map<Stored, Long> sample = new HashMap<>();
        for (int i = 0; i < SUBJECTS; i++) {
            UUID subject = UUID.randomUUID();
            for (int j = 0; j < templatesOfOne; j++) {
                long seed = (long) i << 32 | j;
                Stored stored = server.as("enroller")
                        .store(subject, "modality=FACE&format=OPAQUE", TemplateDocument.noise(length, seed));
                if (i % 10 == 0) {
                    sample.put(stored, seed);
                }
            }
        }
        List<String> lines = new ArrayList<>();
        for (String mode : List.of("reencrypt", "rewrap")) {
            Instant from = Instant.now();
            JsonObject ended = rotate(mode);
            double seconds = Duration.between(from, Instant.now()).toMillis() / 1000.0;
            assertEquals("DRAINED", ended.getString("state"), ended::toString);
            assertEquals(SUBJECTS, ended.getInt("done"));
            lines.add(String.format(
                    "[large] %s of %d subjects with %d x %d KiB: %.1f s, %.1f MiB/s, peak of the process %d MiB",
                    mode,
                    SUBJECTS,
                    templatesOfOne,
                    length >> 10,
                    seconds,
                    SUBJECTS * (double) SUBJECT_BYTES / (1 << 20) / seconds,
                    peakMebibytes()));
        }
        lines.forEach(System.out::println);
        for (Map.Entry<Stored, Long> one : sample.entrySet()) {
            assertArrayEquals(
                    TemplateDocument.noise(length, one.getValue()),
                    server.as("reader").read(one.getKey()).expect(200).bytes());
        }
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private JsonObject rotate(String mode) {
        Custodian custodian = new Custodian(server);
        String rotation = custodian.start(Json.createObjectBuilder().add("mode", mode));
        while (true) {
            try {
                return custodian.end(rotation);
            } catch (AssertionError stillRunning) {
                if (custodian.get(rotation).getInt("remaining") == 0 || !server.isRunning()) {
                    throw stillRunning;
                }
            }
        }
    }

    /** The most memory that the server's process ever had, as Linux counts it; 0 elsewhere. */
    private long peakMebibytes() throws Exception {
        Path status = Path.of("/proc/" + server.pid() + "/status");
        if (!Files.exists(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                .findFirst()
                .orElse(0);
    }
}
