package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** Two nodes write one trail, are killed while they seal, have wrong clocks, and tell their checkpoints outside. */
@Tag("long")
@Tag("nightly")
class TrailNodesIT {
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final Duration SOON = Duration.ofSeconds(20);

    private static TestHome home;
    private static DatabaseProxy proxy;
    private static VaultServer a;
    private static VaultServer b;
    private static Rows rows;
    private static HttpsServer receiver;
    private static DatagramSocket logHost;
    private static ServerSocket tlsLogHost;
    private static final List<String> POSTED = new CopyOnWriteArrayList<>();
    private static final AtomicInteger UNTRUSTED = new AtomicInteger();
    private static final List<String> LOGGED = new CopyOnWriteArrayList<>();
    /** Whether the address answers with the beginning of an answer only. */
    private static final AtomicBoolean HALTING = new AtomicBoolean();

    @BeforeAll
    static void start() throws Exception {
        home = TestHome.create("trail-nodes");
        rows = new Rows(home);
        proxy = DatabaseProxy.before(home.database().port());
        receiver = receiver();
        logHost = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        a = configured(VaultServer.on(home, "a").through(proxy)).start();
        tlsLogHost = tlsLogHost();
        b = configured(VaultServer.on(home, "b"))
                .variable("VAULT_AUDIT_CHECKPOINT_SYSLOG", "tls://localhost:" + tlsLogHost.getLocalPort())
                .start();
    }

    private static VaultServer configured(VaultServer server) {
        return server.variable(
                        "VAULT_AUDIT_CHECKPOINT_URL",
                        "https://localhost:" + receiver.getAddress().getPort() + "/checkpoints")
                .variable(
                        "VAULT_AUDIT_CHECKPOINT_CA_FILE",
                        home.directory().resolve("tls.pem").toString())
                .variable("VAULT_AUDIT_CHECKPOINT_SYSLOG", "127.0.0.1:" + logHost.getLocalPort())
                .variable("VAULT_APPROVAL_WAIT_MINUTES", "0");
    }

    /** With the certificate of the vault's home, which the vault trusts. */
    private static HttpsServer receiver() throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.setHttpsConfigurator(new HttpsConfigurator(context()));
        server.createContext("/checkpoints", exchange -> {
            POSTED.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            if (HALTING.get()) {
                exchange.sendResponseHeaders(200, 5);
            } else {
                exchange.sendResponseHeaders(204, -1);
                exchange.close();
            }
        });
        server.start();
        return server;
    }

    private static ServerSocket tlsLogHost() throws Exception {
        ServerSocket socket =
                context().getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (!socket.isClosed()) {
                try (Socket sender = socket.accept()) {
                    LOGGED.add(new String(sender.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException closedOrNotTrusted) {
                    UNTRUSTED.incrementAndGet();
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return socket;
    }

    private static SSLContext context() throws Exception {
        home.makeCertificate();
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(home.directory().resolve("keystore.properties"))) {
            passwords.load(reader);
        }
        char[] password = passwords.getProperty("tls").toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(home.directory().resolve("tls.p12"))) {
            keys.load(in, password);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    @AfterAll
    static void stop() throws IOException {
        a.close();
        b.close();
        receiver.stop(0);
        logHost.close();
        tlsLogHost.close();
        home.close();
    }

    private static void work(VaultServer server) {
        server.as("reader")
                .read(server.as("enroller").store(UUID.randomUUID(), TEMPLATE))
                .expect(200);
    }

    private static void letSeal(String node) {
        rows.change(
                "update vault.lease set expires_at = now() + interval '5 seconds', owner = (select id from"
                        + " vault.node where name = ? order by started_at desc limit 1) where name = 'audit'",
                node);
    }

    private static void awaitSealed() {
        TestHome.await(
                "nothing waits for a block", SOON, () -> rows.number("select count(*) from vault.audit_pending") == 0);
    }

    private static JsonObject intact(VaultServer server) {
        JsonObject report = server.as("auditor")
                .post("/audit:verify")
                .json("{}")
                .send()
                .expect(200)
                .json();
        assertTrue(report.getBoolean("intact"), report::toString);
        return report;
    }

    @Test
    void writeOneTrailThatDoesNotFork() {
        IntStream.range(0, 40).parallel().forEach(i -> work(i % 2 == 0 ? a : b));
        awaitSealed();
        JsonObject report = intact(b);
        assertTrue(report.getInt("entries") >= 80, report::toString);
        assertEquals(
                List.of("node-a", "node-b"),
                rows.texts("select distinct line::json ->> 'node' from vault.audit_entry order by 1"));
        assertEquals(
                rows.number("select max(number) from vault.audit_block"),
                rows.number("select count(*) from vault.audit_block"));
    }

    /** The other node takes over when the lease has run out. */
    @Test
    void leaveAWholeBlockOrNoneWhenKilledBetweenItsSteps() {
        for (String step : List.of("insert into vault.audit_block_entry", "commit")) {
            try (var hold = proxy.holdStatementAfter("insert into vault.audit_block ", step)) {
                letSeal("node-a");
                work(a);
                hold.awaitHeld(SOON);
                a.kill();
                hold.drop();
            }
            work(b);
            awaitSealed();
            intact(b);
            a.start();
            intact(a);
        }
    }

    /** What a node writes whose clock was set back by two hours, and one by a year. */
    @Test
    void sealWhatAWrongClockHasWritten() {
        for (String back : List.of("2 hours", "1 year")) {
            UUID id = UUID.randomUUID();
            rows.change(
                    "with t as (select date_trunc('second', now() - ?::interval) + interval '123 ms' as at), e as ("
                            + "insert into vault.audit_entry (at, id, action, outcome, line)"
                            + " select at, ?, 'vault: clock', 'allowed', '{\"v\":1,\"id\":\"' || ?::text || '\",\"at\":\"'"
                            + " || to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS') || 'Z\",'"
                            + " || '\"action\":\"vault: clock\",\"outcome\":\"allowed\"}' from t"
                            + " returning at, id)"
                            + " insert into vault.audit_pending select at, id from e",
                    back,
                    id,
                    id);
            awaitSealed();
            work(a);
            awaitSealed();
            intact(a);
            assertEquals(1, rows.number("select count(*) from vault.audit_block_entry where entry = ?", id));
        }
    }

    @Test
    void tellTheirCheckpointsToAFileAnAddressAndALogHost() throws Exception {
        letSeal("node-a");
        work(a);
        awaitSealed();
        long newest = rows.number("select max(number) from vault.audit_block");
        Path file = home.directory().resolve("checkpoints.ndjson");
        TestHome.await("the file has the newest block", SOON, () -> lastIn(file) >= newest);
        TestHome.await("the address has it", SOON, () -> POSTED.stream().anyMatch(line -> block(line) >= newest));
        logHost.setSoTimeout(10_000);
        DatagramPacket packet = new DatagramPacket(new byte[65_000], 65_000);
        String message;
        do {
            logHost.receive(packet);
            message = new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
            assertTrue(message.startsWith("<109>1 - - template-vault - checkpoint - {"), message);
        } while (block(message.substring(message.indexOf('{'))) < newest);
    }

    @Test
    void goOnTellingAnAddressThatDoesNotEndItsAnswers() {
        letSeal("node-a");
        HALTING.set(true);
        try {
            long before = POSTED.size();
            work(a);
            TestHome.await("the address has a checkpoint", SOON, () -> POSTED.size() > before);
            work(a);
            awaitSealed();
            long newest = rows.number("select max(number) from vault.audit_block");
            TestHome.await(
                    "it has the next as well",
                    Duration.ofSeconds(45),
                    () -> POSTED.stream().anyMatch(line -> block(line) >= newest));
        } finally {
            HALTING.set(false);
        }
    }

    /** RFC 5425: the length in octets, a space, the message. */
    @Test
    void tellTheirCheckpointsToALogHostOverTls() {
        TestHome.await("node b seals", SOON, () -> {
            letSeal("node-b");
            work(b);
            return LOGGED.stream().anyMatch(frame -> frame.contains("checkpoint - {"));
        });
        String frame = LOGGED.stream()
                .filter(each -> each.contains("checkpoint - {"))
                .findFirst()
                .orElseThrow();
        String[] parts = frame.split(" ", 2);
        assertEquals(parts[1].getBytes(StandardCharsets.UTF_8).length, Integer.parseInt(parts[0]));
        assertTrue(parts[1].startsWith("<109>1 - - template-vault - checkpoint - {"), frame);
        assertTrue(block(parts[1].substring(parts[1].indexOf('{'))) > 0, frame);
        assertEquals(0, UNTRUSTED.get());
    }

    private static long lastIn(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            return block(lines.get(lines.size() - 1));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static long block(String line) {
        return Checkpoints.read(line.trim()).orElseThrow().number();
    }

    @Test
    void writeWhatTheyCountedOfRefusalsWhenTheyStop() {
        for (int i = 0; i < 3; i++) {
            b.client().withPassword("reader", "wrong").get("/keys").send().problem(401);
        }
        b.client().callOutside("GET", "/nothere").send();
        b.client().get("/public/retention-policy").send().expect(200);
        b.stop();
        b.start();
        assertEquals(
                3,
                rows.number("select sum((line::json #>> '{notes,count}')::int) from vault.audit_entry"
                        + " where action = 'refused' and line::json ->> 'status' = '401' and outcome = 'denied'"
                        + " and caller is null"));
        assertEquals(
                1,
                rows.number("select sum((line::json #>> '{notes,count}')::int) from vault.audit_entry"
                        + " where action = 'refused' and line::json ->> 'status' = '404'"));
        assertEquals(
                1,
                rows.number("select sum((line::json #>> '{notes,count}')::int) from vault.audit_entry"
                        + " where action = 'public' and line::json ->> 'status' = '200' and outcome = 'allowed'"
                        + " and caller is null"));
        assertEquals(
                0,
                rows.number("select count(*) from vault.audit_entry where action = 'refused'"
                        + " and (line::json ->> 'status')::int < 400"));
    }

    /** A month that is over since long, as far as the trail knows. */
    @Test
    void letTheOwnerDropAnOldMonthWhichTwoPeopleHaveGivenUpAndNobodyElse() throws Exception {
        rows.change("create table if not exists vault.audit_entry_2016_01 partition of vault.audit_entry"
                + " for values from ('2016-01-01Z') to ('2016-02-01Z')");
        rows.change("create table if not exists vault.audit_block_entry_2016_01 partition of vault.audit_block_entry"
                + " for values from ('2016-01-01Z') to ('2016-02-01Z')");
        rows.change("with e as (insert into vault.audit_entry (at, id, action, outcome, line) values ("
                + "'2016-01-05T10:00:00.123Z', '0152107b-0000-7000-8000-000000000001', 'vault: old', 'allowed',"
                + " '{\"v\":1,\"id\":\"0152107b-0000-7000-8000-000000000001\",\"at\":\"2016-01-05T10:00:00.123Z\","
                + "\"action\":\"vault: old\",\"outcome\":\"allowed\"}') returning at, id)"
                + " insert into vault.audit_pending select at, id from e");
        awaitSealed();
        work(a);
        awaitSealed();
        String line = rows.texts("select line from vault.audit_block where line::json ->> 'month' = '2016-01'")
                .get(0);
        String head = java.util.HexFormat.of().formatHex(Merkle.block(line));
        ask("2016-01", "00".repeat(32)).problem(422, "invalid-field");
        ask("2016-02", head).problem(422, "invalid-field");
        ask("2999-01", head).problem(422, "invalid-field");
        JsonObject approval = ask("2016-01", head).expect(202).json();
        assertRefused();
        new Approver(a).approve(approval.getString("id"));
        assertEquals(
                List.of("f"),
                rows.texts("select has_function_privilege('vault_app', 'vault.drop_audit_month(text)', 'execute')"));
        assertEquals(List.of("1"), rows.texts("select vault.drop_audit_month('2016-01')"));
        assertRefused();
        JsonObject report = intact(a);
        assertEquals("2016-01", report.getJsonArray("pruned").getString(0));
        JsonObject published =
                a.as("auditor").get("/audit/retention").send().expect(200).json();
        assertEquals(120, published.getInt("months"));
        assertEquals("2016-01", published.getJsonArray("pruned").getString(0));
        assertTrue(verifiedOffline().contains("PRUNED: the entries of 2016-01 were dropped"));
    }

    /** What the program for auditors says of an export that is intact: the month's blocks are in their places. */
    private static String verifiedOffline() throws Exception {
        Path directory = Files.createTempDirectory("export");
        Path export = directory.resolve("export.ndjson");
        Path keys = directory.resolve("public.pem");
        Files.write(
                export, a.as("auditor").get("/audit/export").send().expect(200).bytes());
        Files.write(keys, a.as("auditor").get("/audit/keys").send().expect(200).bytes());
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process verifier = new ProcessBuilder(java, "src/main/verify/Verify.java", export.toString(), keys.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(verifier.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, verifier.waitFor(), said);
        return said;
    }

    private static Answer ask(String month, String head) {
        return a.as("operator")
                .post("/audit/months/" + month + ":drop")
                .json("{\"head\":\"" + head + "\"}")
                .send();
    }

    private static void assertRefused() {
        assertThrows(IllegalStateException.class, () -> rows.texts("select vault.drop_audit_month('2016-01')"));
    }
}
