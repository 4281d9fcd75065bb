package org.templatevault.bench;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * Prints one table: the vault's figures for templates of 1 KiB over 16 connections, each beside its floor, and the heap
 * after 10,000 and 100,000 rows. Everything is warm: the server is under load for {@code bench.warm} seconds first.
 */
public final class Benchmark {
    private static final int WARM_SECONDS = Integer.getInteger("bench.warm", 90);
    private static final int SECONDS = Integer.getInteger("bench.seconds", 15);
    private static final int ROWS = Integer.getInteger("bench.rows", 100_000);
    private static final int BATCH = 500;
    private static final String OCTETS = "Content-Type: application/octet-stream\r\n";
    private static final String JSON = "Content-Type: application/json\r\n";
    private static final String PURPOSE = "X-Purpose: verification\r\n";
    private static final byte[] NOTHING = {};

    private final VaultServer server;
    private final SSLContext trust;
    private final Properties passwords = new Properties();
    private final List<String[]> stored = new ArrayList<>();

    private Benchmark(VaultServer server) throws Exception {
        this.server = server;
        Path home = server.home().directory();
        trust = trust(home.resolve("tls.pem"));
        try (var reader = Files.newBufferedReader(home.resolve("credentials.properties"))) {
            passwords.load(reader);
        }
    }

    /** Runs the whole of it. */
    public static void main(String[] args) throws Exception {
        try (TestHome home = TestHome.create("bench");
                VaultServer server = VaultServer.on(home).heap("1g").optimized().start()) {
            new Benchmark(server).run();
        }
    }

    private static SSLContext trust(Path pem) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var in = Files.newInputStream(pem)) {
            trusted.setCertificateEntry(
                    "vault", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    private void run() throws Exception {
        Floor floor = new Floor(server.home().superuser());
        floor.prepare();
        fill(10_000);
        long smallHeap = heap();
        warm();
        double trivial = Load.perSecond(SECONDS, () -> request("operator", "GET", "/health/live", "", 200));
        double store = stores(SECONDS);
        double insertFloor = floor.inserts(SECONDS);
        double read = reads(SECONDS);
        double readFloor = floor.reads(SECONDS);
        double batchGet = batchGets(SECONDS);
        double batchStore = batchStores(SECONDS);
        double copyFloor = floor.copy(50_000);
        fill(ROWS - count());
        long largeHeap = heap();
        double rotation = rotation("reencrypt");
        double rewrap = rotation("rewrap");
        double rewriteFloor = floor.rewrites();
        System.out.printf(
                Locale.ROOT,
                "%n%d-byte templates, %d connections, TLS, fsync on, JDK %s, %d cores, %d s warm-up, %d rows%n%n",
                1024,
                Load.THREADS,
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                WARM_SECONDS,
                count());
        System.out.println("| work | vault, per second | floor | floor, per second | ratio |");
        System.out.println("|---|---|---|---|---|");
        row("trivial GET (liveness)", trivial, "", 0);
        row("single store, known subject", store, "durable single-row insert", insertFloor);
        row("single read", read, "read by primary key", readFloor);
        row("single read", read, "the server's own trivial GET", trivial);
        row("batch store, 500 items, new subjects", batchStore, "COPY, same shape and index", copyFloor);
        row("batch get, 500 items", batchGet, "read by primary key", readFloor);
        row("rotation, reencrypt, subjects", rotation, "one UPDATE of each table", rewriteFloor);
        row("rotation, rewrap, subjects", rewrap, "one UPDATE of each table", rewriteFloor);
        System.out.printf(
                Locale.ROOT,
                "%nheap after a collection: %d MiB at 10,000 rows, %d MiB at %d rows%n",
                smallHeap >> 20,
                largeHeap >> 20,
                count());
    }

    private static void row(String work, double vault, String floorName, double floor) {
        System.out.printf(
                Locale.ROOT,
                "| %s | %,.0f | %s | %s | %s |%n",
                work,
                vault,
                floorName,
                floor == 0 ? "" : String.format(Locale.ROOT, "%,.0f", floor),
                floor == 0 ? "" : String.format(Locale.ROOT, "%.2f", vault / floor));
    }

    private void warm() throws Exception {
        int part = Math.max(1, WARM_SECONDS / 4);
        stores(part);
        reads(part);
        batchStores(part);
        batchGets(part);
    }

    private Connection connect(String role) throws IOException {
        return new Connection(trust, server.port(), role, passwords.getProperty(role));
    }

    private Load.Worker request(String role, String method, String path, String headers, int expected)
            throws IOException {
        Connection connection = connect(role);
        return worker(connection, () -> {
            connection.send(method, path, headers, NOTHING, expected);
            return 1;
        });
    }

    private static Load.Worker worker(Connection connection, java.util.concurrent.Callable<Integer> work) {
        return new Load.Worker() {
            @Override
            public int work() throws Exception {
                return work.call();
            }

            @Override
            public void close() throws IOException {
                connection.close();
            }
        };
    }

    private double stores(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = connect("enroller");
            return worker(connection, () -> {
                String subject = stored.get(ThreadLocalRandom.current().nextInt(stored.size()))[0];
                connection.send(
                        "POST",
                        "/api/v1/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE",
                        OCTETS,
                        template(),
                        201);
                return 1;
            });
        });
    }

    private double reads(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = connect("reader");
            return worker(connection, () -> {
                String[] one = stored.get(ThreadLocalRandom.current().nextInt(stored.size()));
                byte[] bytes = connection.send(
                        "GET",
                        "/api/v1/subjects/" + one[0] + "/templates/" + one[1] + "/content",
                        PURPOSE + "Accept: application/octet-stream\r\n",
                        NOTHING,
                        200);
                return bytes.length == 1024 ? 1 : 0;
            });
        });
    }

    private double batchStores(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = connect("enroller");
            return worker(connection, () -> storeBatch(connection).size());
        });
    }

    private JsonArray storeBatch(Connection connection) throws IOException {
        StringBuilder body = new StringBuilder("{\"items\":[");
        for (int i = 0; i < BATCH; i++) {
            body.append(i == 0 ? "" : ",")
                    .append("{\"subject\":\"")
                    .append(UUID.randomUUID())
                    .append("\",\"modality\":\"FINGERPRINT\",\"format\":\"OPAQUE\",\"data\":\"")
                    .append(Base64.getEncoder().encodeToString(template()))
                    .append("\"}");
        }
        byte[] bytes = body.append("]}").toString().getBytes(StandardCharsets.US_ASCII);
        return json(connection.send("POST", "/api/v1/templates:batchStore", JSON, bytes, 200))
                .getJsonArray("results");
    }

    private double batchGets(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = connect("reader");
            return worker(connection, () -> {
                StringBuilder body = new StringBuilder("{\"items\":[");
                for (int i = 0; i < BATCH; i++) {
                    String[] one = stored.get(ThreadLocalRandom.current().nextInt(stored.size()));
                    body.append(i == 0 ? "" : ",").append("{\"subject\":\"").append(one[0]);
                    body.append("\",\"template\":\"").append(one[1]).append("\"}");
                }
                byte[] bytes = body.append("]}").toString().getBytes(StandardCharsets.US_ASCII);
                connection.send("POST", "/api/v1/templates:batchGet", JSON + PURPOSE, bytes, 200);
                return BATCH;
            });
        });
    }

    private void fill(long rows) throws Exception {
        try (Connection connection = connect("enroller")) {
            for (long done = 0; done < rows; done += BATCH) {
                for (var result : storeBatch(connection)) {
                    JsonObject one = result.asJsonObject();
                    stored.add(new String[] {one.getString("subject"), one.getString("template")});
                }
            }
        }
    }

    private double rotation(String mode) throws Exception {
        try (Connection connection = connect("key-custodian")) {
            byte[] body = ("{\"mode\":\"" + mode + "\"}").getBytes(StandardCharsets.US_ASCII);
            String id = json(connection.send("POST", "/api/v1/rotations", JSON, body, 202))
                    .getString("id");
            while (true) {
                JsonObject now = json(connection.send("GET", "/api/v1/rotations/" + id, "", NOTHING, 200));
                if (now.getString("state").equals("DRAINED")) {
                    return now.getJsonNumber("rowsPerSecond").doubleValue();
                }
                Thread.sleep(200);
            }
        }
    }

    private long count() throws Exception {
        try (var connection = server.home().superuser().getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select count(*) from vault.template")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** The heap in use after a full collection, in bytes, as the server's own metrics report it. */
    private long heap() throws Exception {
        Process collect = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(server.pid()),
                        "GC.run")
                .start();
        collect.waitFor();
        try (Connection connection = connect("operator")) {
            String metrics =
                    new String(connection.send("GET", "/metrics?scope=base", "", NOTHING, 200), StandardCharsets.UTF_8);
            return metrics.lines()
                    .filter(line -> line.startsWith("memory_usedHeap_bytes"))
                    .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static byte[] template() {
        byte[] bytes = new byte[1024];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    private static JsonObject json(byte[] body) {
        try (var reader = Json.createReader(new ByteArrayInputStream(body))) {
            return reader.readObject();
        }
    }
}
