package org.templatevault.bench;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.sql.DataSource;
import org.templatevault.testing.VaultServer;

/** The server that is measured: connections to it as the user of each role, its database, its heap. */
final class Session {
    static final String OCTETS = "Content-Type: application/octet-stream\r\n";
    static final String JSON = "Content-Type: application/json\r\n";
    static final String PURPOSE = "X-Purpose: verification\r\n";
    static final byte[] NOTHING = {};

    private final VaultServer server;
    private final SSLContext trust;
    private final Properties passwords = new Properties();

    Session(VaultServer server) throws Exception {
        this.server = server;
        Path home = server.home().directory();
        trust = trust(home.resolve("tls.pem"));
        try (var reader = Files.newBufferedReader(home.resolve("credentials.properties"))) {
            passwords.load(reader);
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

    Connection connect(String role) throws IOException {
        return new Connection(trust, server.port(), role, passwords.getProperty(role));
    }

    /** The database past the application. */
    DataSource database() {
        return server.home().superuser();
    }

    static JsonObject json(byte[] body) {
        try (var reader = Json.createReader(new ByteArrayInputStream(body))) {
            return reader.readObject();
        }
    }

    static byte[] ascii(CharSequence text) {
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** Work over a connection of its own. */
    static Load.Worker worker(Connection connection, Callable<Integer> work) {
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

    /** The heap in use after a full collection, in bytes, as the server's own metrics report it. */
    long heap() throws Exception {
        Process collect = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(server.pid()),
                        "GC.run")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
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
}
