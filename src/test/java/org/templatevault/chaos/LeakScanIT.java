package org.templatevault.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.Key;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.templatevault.crypto.KeyIdentity;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.SubjectKeyIdentity;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Plants plaintext through the API, right and wrong, and looks for it wherever it must not be: database files, WAL, logs,
 * and the heap after everything was released. A control marker in each of these places shows that the search finds.
 */
class LeakScanIT {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static final String CONTROL =
            "control" + UUID.randomUUID().toString().replace("-", "");
    private static final String OPEN = "?modality=FACE&format=OPAQUE";
    private static final int GIVEN_TO_THE_SERVER = 12;

    private static final Map<String, String> PLANTED = new LinkedHashMap<>();
    private static final Map<String, byte[]> KEYS = new LinkedHashMap<>();
    private static final Map<String, byte[]> KEKS = new LinkedHashMap<>();

    private static TestHome home;
    private static VaultServer server;
    private static Path dump;

    /** Unmistakable, and nothing that compression would shorten. */
    private static String marker(String name) {
        byte[] random = TemplateDocument.noise(32, System.nanoTime() + name.hashCode());
        StringBuilder text = new StringBuilder();
        for (byte one : random) {
            text.append(LETTERS.charAt((one & 0xff) % LETTERS.length()));
        }
        PLANTED.put(name, text.toString());
        return text.toString();
    }

    /** A template with this text at three places of different alignment. */
    private static byte[] template(String marker) {
        byte[] bytes = TemplateDocument.noise(600, marker.hashCode());
        byte[] text = marker.getBytes(StandardCharsets.US_ASCII);
        for (int at : new int[] {99, 199, 299}) {
            System.arraycopy(text, 0, bytes, at, text.length);
        }
        return bytes;
    }

    private static JsonObject document(String marker) {
        return TemplateDocument.fingerprint(template(marker));
    }

    @BeforeAll
    static void plantUseAndRelease() throws Exception {
        home = TestHome.create("leak");
        server = VaultServer.on(home, CONTROL)
                .heap("384m")
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                .start();
        for (int i = 0; i < GIVEN_TO_THE_SERVER; i++) {
            useAll(i);
        }
        readKeys("before the rotation");
        Custodian custodian = new Custodian(server);
        for (String mode : List.of("reencrypt", "rewrap")) {
            custodian.rotate(Json.createObjectBuilder().add("mode", mode));
            readKeys("after a " + mode);
        }
        new Approver(server).destroy(1);
        new Approver(server).destroy(2);
        failIntegrity();
        plantControls();
        rinse();
        Thread.sleep(3000);
        for (int i = 0; i < 4; i++) {
            jcmd("GC.run");
        }
        dump = home.directory().resolve("heap.hprof");
        jcmd("GC.heap_dump", dump.toString());
    }

    /** Stores, replaces, reads and batches, and the same with mistakes in it. */
    private static void useAll(int round) {
        UUID subject = UUID.randomUUID();
        String path = "/subjects/" + subject + "/templates";
        var enroller = server.as("enroller");
        var reader = server.as("reader");
        String template = enroller.post(path + OPEN)
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .octets(template(marker("octets" + round)))
                .send()
                .expect(201)
                .json()
                .getString("template");
        JsonObject withAttributes = TemplateDocument.with(
                document(marker("json" + round)),
                "attributes",
                Json.createObjectBuilder()
                        .add("note", marker("attribute" + round))
                        .build());
        enroller.post(path).json(withAttributes).send().expect(201);
        enroller.put(path + "/" + template + OPEN)
                .header("If-Match", "\"1\"")
                .octets(template(marker("replacement" + round)))
                .send()
                .expect(200);
        String items = "{\"items\":["
                + TemplateDocument.with(document(marker("batch" + round)), "subject", subject.toString()) + ","
                + TemplateDocument.with(document(marker("refused in a batch" + round)), "subject", "no uuid") + "]}";
        enroller.post("/templates:batchStore")
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .json(items)
                .send()
                .expect(200);
        for (String accept : List.of("application/octet-stream", "application/json")) {
            for (int version = 1; version <= 2; version++) {
                reader.get(path + "/" + template + "/content?version=" + version)
                        .header("X-Purpose", "verification")
                        .header("Accept", accept)
                        .send()
                        .expect(200);
            }
        }
        reader.post("/templates:batchGet")
                .header("X-Purpose", "verification")
                .json("{\"items\":[{\"subject\":\"" + subject + "\",\"template\":\"" + template + "\"}]}")
                .send()
                .expect(200);
        String reference = "{\"reference\":\"" + marker("reference" + round) + "\"}";
        enroller.post("/subjects").json(reference).send().expect(201);
        enroller.post("/subjects").json(reference).send().expect(200);
        server.as("reader").post("/subjects:search").json(reference).send();
        mistakes(path, round);
    }

    private static void mistakes(String path, int round) {
        var enroller = server.as("enroller");
        for (String field : List.of("modality", "position", "format", "quality", "unknown", "data", "attributes")) {
            String marker = marker("wrong " + field + round) + "!";
            JsonObject wrong =
                    TemplateDocument.with(document(marker("beside a wrong " + field + round)), field, marker);
            int status = enroller.post(path).json(wrong).send().status();
            assertTrue(status == 422 || status == 400, () -> field + " answers " + status);
        }
        String torn = document(marker("torn" + round)).toString();
        enroller.post(path).json(torn.substring(0, torn.length() - 40)).send().problem(400);
        enroller.post(path)
                .json("{\"data\":" + marker("not quoted" + round) + "}")
                .send()
                .problem(400);
        enroller.post("/templates:batchStore")
                .json("{\"items\":[" + torn + "," + marker("broken batch" + round) + "]}")
                .send()
                .problem(400);
        enroller.post(path)
                .body("text/plain", template(marker("wrong media type" + round)))
                .send()
                .problem(415);
        enroller.post("/subjects")
                .json("{\"reference\":\"" + marker("reference too long" + round).repeat(20) + "\"}")
                .send()
                .problem(422);
        server.client()
                .post(path + OPEN)
                .octets(template(marker("not signed in" + round)))
                .send()
                .expect(401);
        server.as("reader")
                .post(path + OPEN)
                .octets(template(marker("not allowed" + round)))
                .send()
                .expect(403);
    }

    /**
     * The server's HTTP channel uses its buffers again without clearing them: what the last requests carried lies there
     * until others overwrite it, and these do. What is found after them, the vault itself holds.
     */
    private static void rinse() throws InterruptedException {
        byte[] filler = new byte[128 << 10];
        Arrays.fill(filler, (byte) '.');
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            threads.add(new Thread(() -> {
                for (int j = 0; j < 5; j++) {
                    String path = "/subjects/" + UUID.randomUUID() + "/templates" + OPEN;
                    var stored = server.as("enroller")
                            .post(path)
                            .octets(filler)
                            .send()
                            .expect(201);
                    server.as("reader")
                            .get(stored.header("Location").replaceAll(".*/api/v1", "") + "/content")
                            .header("X-Purpose", "verification")
                            .send()
                            .expect(200);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void failIntegrity() {
        Rows rows = new Rows(home);
        UUID subject = UUID.randomUUID();
        var stored = server.as("enroller").store(subject, "modality=FACE&format=OPAQUE", template(marker("damaged")));
        rows.change(
                "update vault.template set envelope = set_byte(envelope, 60, get_byte(envelope, 60) # 1)"
                        + " where subject_id = ?",
                subject);
        server.as("reader").read(stored).problem(500, "integrity-failure");
        server.as("reader")
                .post("/templates:batchGet")
                .header("X-Purpose", "verification")
                .json("{\"items\":[{\"subject\":\"" + subject + "\",\"template\":\"" + stored.template() + "\"}]}")
                .send()
                .expect(200);
    }

    /** The raw keys of the moment, as whoever has key store and database could compute them. */
    private static void readKeys(String when) throws Exception {
        Rows rows = new Rows(home);
        UUID vault = UUID.fromString(
                rows.texts("select id::text from vault.vault_identity").get(0));
        for (String row : rows.texts("select version || ' ' || root_key_alias || ' ' || encode(wrapped, 'hex')"
                + " from vault.key_version join vault.key_material using (version)")) {
            String[] parts = row.split(" ", -1);
            int version = Integer.parseInt(parts[0]);
            byte[] rootKey = rootKey(parts[1]);
            KEYS.put("root key " + version, rootKey);
            try (SecretBytes root = SecretBytes.copyOf(rootKey);
                    SecretBytes kek = WrappedKey.unwrap(
                            Suite.AES_256_GCM,
                            root,
                            HexFormat.of().parseHex(parts[2]),
                            Suite.KEY_BYTES,
                            KeyIdentity.kek(vault, version, Suite.AES_256_GCM))) {
                KEKS.put("KEK " + version, kek.reveal().clone());
            }
        }
        for (String row : rows.texts("select subject_id || ' ' || dek_number || ' ' || kek_version || ' '"
                + " || first_kek_version || ' ' || data_suite || ' ' || encode(wrapped, 'hex') || ' '"
                + " || to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                + " from vault.subject_key limit 20")) {
            String[] parts = row.split(" ", -1);
            SubjectKeyIdentity identity = new SubjectKeyIdentity(
                    vault,
                    UUID.fromString(parts[0]),
                    Integer.parseInt(parts[1]),
                    Integer.parseInt(parts[2]),
                    Integer.parseInt(parts[3]),
                    Suite.AES_256_GCM,
                    Suite.valueOf(parts[4]),
                    OffsetDateTime.parse(parts[6]).toInstant());
            try (SecretBytes kek = SecretBytes.copyOf(java.util.Objects.requireNonNull(KEKS.get("KEK " + parts[2])));
                    SecretBytes secret = WrappedKey.unwrap(
                            Suite.AES_256_GCM,
                            kek,
                            HexFormat.of().parseHex(parts[5]),
                            DataKey.BYTES,
                            identity.associatedData());
                    DataKey key = DataKey.ofSecret(secret)) {
                KEYS.put("DEK " + when + " of " + parts[0], key.dek().reveal().clone());
                KEYS.put(
                        "tag key " + when + " of " + parts[0],
                        key.tagKey().reveal().clone());
            }
        }
    }

    private static byte[] rootKey(String alias) throws Exception {
        Properties passwords = new Properties();
        try (var in = Files.newBufferedReader(home.directory().resolve("keystore.properties"))) {
            passwords.load(in);
        }
        char[] password = passwords.getProperty("keystore").toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(home.directory().resolve("keystore.p12"))) {
            store.load(in, password);
        }
        Key key = store.getKey(alias, password);
        return key.getEncoded();
    }

    private static void plantControls() throws IOException, SQLException {
        try (Connection connection = home.superuser().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create table public.control (marker text)");
            statement.execute("insert into public.control values ('" + CONTROL + "')");
            statement.execute("checkpoint");
            try {
                statement.execute("select refused from public.control where marker = '" + CONTROL + "'");
            } catch (SQLException expected) {
                assertEquals("42703", expected.getSQLState());
            }
        }
        for (Path log : List.of(server.logs().resolve("messages.log"), console())) {
            Files.writeString(log, CONTROL + System.lineSeparator(), StandardOpenOption.APPEND);
        }
        Files.writeString(Files.createDirectories(server.logs().resolve("ffdc")).resolve("control.log"), CONTROL);
    }

    private static Path console() {
        return home.directory().resolve("node-" + CONTROL).resolve("console.log");
    }

    private static void jcmd(String... command) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(server.pid())));
        line.addAll(List.of(command));
        Process jcmd = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertTrue(jcmd.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, jcmd.exitValue());
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
        Files.deleteIfExists(dump);
    }

    /** Where plaintext would lie on a disk. */
    private static Map<String, Path> disks() {
        Map<String, Path> places = new LinkedHashMap<>();
        places.put("the database's files", home.directory().resolve("postgres/base"));
        places.put("the WAL", home.directory().resolve("postgres/pg_wal"));
        places.put("PostgreSQL's log", home.directory().resolve("logs"));
        places.put("the server's log", server.logs().resolve("messages.log"));
        places.put("the console", console());
        places.put("the first failure data", server.logs().resolve("ffdc"));
        return places;
    }

    private static Traces planted() {
        Traces traces = new Traces();
        PLANTED.forEach(traces::add);
        return traces;
    }

    @Test
    void findsTheControlMarkerWhereverItWasPlanted() {
        Traces control = new Traces().add("control", CONTROL);
        disks().forEach((name, place) -> assertTrue(!control.in(place).isEmpty(), () -> "Not found in " + name));
        assertTrue(!control.in(dump).isEmpty(), "Not found in the heap dump");
    }

    @Test
    void leavesNoPlaintextInDatabaseWalAndLogs() {
        disks().forEach((name, place) -> assertEquals(Set.of(), planted().in(place), name));
        assertEquals(Set.of(), planted().in(server.logs()), "all logs");
        assertEquals(Set.of(), planted().in(home.directory().resolve("postgres")), "all of PostgreSQL's directory");
    }

    @Test
    void leavesNoKeyInDatabaseWalAndLogs() {
        Traces traces = new Traces();
        KEYS.forEach(traces::add);
        KEKS.forEach(traces::add);
        disks().forEach((name, place) -> assertEquals(Set.of(), traces.in(place), name));
        assertEquals(Set.of(), traces.in(server.logs()), "all logs");
        assertEquals(Set.of(), traces.in(home.directory().resolve("postgres")), "all of PostgreSQL's directory");
    }

    @Test
    void leavesNoPlaintextOnTheHeap() {
        assertEquals(Set.of(), planted().in(dump));
    }

    @Test
    void leavesNoCopyOfADestroyedKekOnTheHeapAndFindsTheLivingOne() {
        Traces destroyed = new Traces();
        for (int version = 1; version <= 2; version++) {
            destroyed.add("KEK " + version, java.util.Objects.requireNonNull(KEKS.get("KEK " + version)));
        }
        assertEquals(Set.of(), destroyed.in(dump));
        Traces living = new Traces().add("KEK 3", java.util.Objects.requireNonNull(KEKS.get("KEK 3")));
        assertTrue(!living.in(dump).isEmpty(), "The living KEK is not found");
    }

    @Test
    void leavesNoKeyButTheKeksOnTheHeap() {
        Traces traces = new Traces();
        KEYS.forEach(traces::add);
        assertEquals(Set.of(), traces.in(dump));
    }
}
