package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/**
 * A node of an earlier build and one of this build serve one database with this build's schema: the middle of an upgrade
 * without downtime. The earlier build is given by {@code -Dvault.upgrade.from}, its checkout's {@code target/liberty/wlp}.
 */
@Tag("chaos")
class UpgradeIT {
    private static final Path EARLIER = Path.of(System.getProperty("vault.upgrade.from", "not-given"));
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Map<Stored, byte[]> stored = new LinkedHashMap<>();

    @BeforeAll
    static void needsAnEarlierBuild() {
        assumeTrue(Files.isDirectory(EARLIER), "-Dvault.upgrade.from names no build: the upgrade is not tested");
    }

    @Test
    void servesFromAnEarlierAndThisBuildAtOnce() throws Exception {
        try (TestHome home = TestHome.create("upgrade")) {
            VaultServer earlier = VaultServer.on(home, "a").release(EARLIER).start();
            storeAt(earlier);
            VaultServer present = VaultServer.on(home, "b").start();
            storeAt(present);
            readAllAt(earlier);
            readAllAt(present);
            rotateAt(earlier);
            storeAt(present);
            rotateAt(present);
            readAllAt(earlier);
            eraseOneAt(earlier, present);
            eraseOneAt(present, earlier);
            earlier.stop();
            rotateAt(present);
            readAllAt(present);
            verifyAt(present);
            present.stop();
            earlier.start();
            readAllAt(earlier);
            storeAt(earlier);
            verifyAt(earlier);
            assertEquals(List.of(), Invariants.broken(new Rows(home)));
        }
    }

    private void storeAt(VaultServer server) {
        for (int i = 0; i < 20; i++) {
            byte[] template = IsoTemplates.fingerprint(30 + i, stored.size());
            stored.put(as(server, "enroller").store(UUID.randomUUID(), template), template);
        }
    }

    private void readAllAt(VaultServer server) {
        stored.forEach((place, template) -> assertArrayEquals(
                template, as(server, "reader").read(place).expect(200).bytes()));
    }

    private void eraseOneAt(VaultServer server, VaultServer other) {
        Stored gone = stored.keySet().iterator().next();
        stored.remove(gone);
        as(server, "eraser").erase(gone.subject(), "data-subject-request").expect(202);
        assertEquals(410, as(other, "reader").read(gone).status());
    }

    private static void rotateAt(VaultServer server) {
        String id = as(server, "key-custodian")
                .post("/rotations")
                .json("{\"mode\":\"reencrypt\"}")
                .send()
                .expect(202)
                .json()
                .getString("id");
        TestHome.await(
                "the rotation is drained",
                PATIENCE,
                () -> as(server, "operator")
                        .get("/rotations/" + id)
                        .send()
                        .json()
                        .getString("state")
                        .equals("DRAINED"));
    }

    private static void verifyAt(VaultServer server) {
        assertEquals(
                true,
                as(server, "auditor")
                        .post("/audit:verify")
                        .json("{}")
                        .timeout(PATIENCE)
                        .send()
                        .expect(200)
                        .json()
                        .getBoolean("intact"));
    }

    private static VaultClient as(VaultServer server, String role) {
        return server.client().as(role);
    }
}
