package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Two servers on one database: each a process of its own, with a key store file of its own where a test says so. */
abstract class TwoNodes {
    static final String OPEN = "modality=IRIS&format=OPAQUE";
    static final Duration TAKE_OVER = Duration.ofSeconds(30);
    static final Duration PATIENCE = Duration.ofSeconds(90);

    static DatabaseProxy proxyOfA;
    static DatabaseProxy proxy;
    static VaultServer a;
    static VaultServer b;
    static Rows rows;

    private static int homes;
    private static TestHome home;

    final Map<Stored, byte[]> acknowledged = new ConcurrentHashMap<>();

    @BeforeAll
    static void start() {
        home = TestHome.create("nodes-" + ++homes);
        rows = new Rows(home);
        proxy = DatabaseProxy.before(home.database().port());
        proxyOfA = DatabaseProxy.before(home.database().port());
        a = VaultServer.on(home, "a").through(proxyOfA).start();
        b = VaultServer.on(home, "b")
                .through(proxy)
                .variable("VAULT_KEYSTORE_FILE", keyStore("b").toString());
        copyKeyStore();
        b.start();
    }

    private static Path keyStore(String node) {
        return home.directory().resolve(node.equals("a") ? "keystore.p12" : "keystore-" + node + ".p12");
    }

    /** The shared mount of the two nodes, as far as the tests let it be shared. */
    static void copyKeyStore() {
        try {
            Path fresh = home.directory().resolve("copy.p12");
            Files.copy(keyStore("a"), fresh, StandardCopyOption.REPLACE_EXISTING);
            Files.move(fresh, keyStore("b"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void shareKeyStore() throws IOException {
        Files.delete(keyStore("b"));
        Files.createSymbolicLink(keyStore("b"), keyStore("a"));
    }

    @AfterAll
    static void stop() {
        b.close();
        a.close();
        home.close();
    }

    @BeforeEach
    void enrol() throws IOException {
        shareKeyStore();
        for (int i = 0; i < 40; i++) {
            store(i % 2 == 0 ? a : b, i);
        }
    }

    void store(VaultServer server, long seed) {
        store(server, UUID.randomUUID(), seed);
    }

    void store(VaultServer server, UUID subject, long seed) {
        byte[] bytes = TemplateDocument.noise(200, seed);
        acknowledged.put(server.as("enroller").store(subject, OPEN, bytes), bytes);
    }

    @AfterEach
    void everyTemplateOpensOnBothNodes() {
        for (VaultServer server : List.of(a, b)) {
            acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                    bytes, server.as("reader").read(stored).expect(200).bytes()));
        }
        assertEquals(List.of(), Invariants.broken(rows));
    }

    static JsonObjectBuilder rate(int rate) {
        return Json.createObjectBuilder().add("rate", rate);
    }

    static JsonObject rotation(VaultServer server, String id) {
        return new Custodian(server).get(id);
    }

    static int done(VaultServer server, String id) {
        return rotation(server, id).getInt("done");
    }

    /** The node that holds the lease of rotations. */
    static VaultServer owner() {
        return rows.holder("rotation").equals("node-a") ? a : b;
    }

    static VaultServer other(VaultServer server) {
        return server == a ? b : a;
    }

    static DatabaseProxy proxyOf(VaultServer server) {
        return server == a ? proxyOfA : proxy;
    }

    /** As fast as it can now, if it has not come to its end meanwhile. */
    static void drained(VaultServer server, String id) {
        Custodian custodian = new Custodian(server);
        Answer faster = custodian.changeRate(id, null);
        assertTrue(faster.status() == 200 || faster.text().contains("rotation-state"), faster::toString);
        custodian.drained(id);
    }

    static String running(VaultServer server) {
        String id = new Custodian(server).start(rate(4));
        TestHome.await("some are moved", PATIENCE, () -> done(server, id) > 0);
        return id;
    }
}
