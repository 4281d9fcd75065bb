package org.templatevault.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.SmallDisk;
import org.templatevault.testing.TestHome;

/** The client against a server that begins an answer and lets its rest wait. */
class ApiIT {
    private static final Duration LONGEST = Duration.ofSeconds(1);

    @TempDir
    Path directory;

    private final TestHome home = SharedVault.mortal().home();
    private final CountDownLatch over = new CountDownLatch(1);
    private final AtomicInteger asked = new AtomicInteger();
    private HttpsServer server;
    private Api api;

    @BeforeEach
    void start() throws IOException {
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(home.tls()));
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", this::answer);
        server.start();
        URI address = URI.create("https://localhost:" + server.getAddress().getPort());
        api = new Api(
                Connection.basic(address, home.directory().resolve("tls.pem"), "user", "word"), Duration.ofSeconds(5));
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
    }

    /** Ten bytes in pieces that each come in time, or five and then nothing. */
    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        boolean stalls = path.endsWith("/stalls") || (path.endsWith("/stalls-once") && asked.incrementAndGet() == 1);
        try (exchange) {
            exchange.sendResponseHeaders(200, 10);
            for (int i = 0; i < 10; i++) {
                if (i == 5 && stalls) {
                    over.await();
                }
                exchange.getResponseBody().write('a' + i);
                exchange.getResponseBody().flush();
                Thread.sleep(path.endsWith("/slowly") ? LONGEST.toMillis() / 4 : 0);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void givesUpWhereTheRestOfAnAnswerDoesNotCome() {
        UnreachableException gone = assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThrows(
                        UnreachableException.class,
                        () -> api.post("/stalls").timeout(LONGEST).send()));
        assertInstanceOf(HttpTimeoutException.class, gone.getCause());
    }

    @Test
    void leavesTheFileAsItWasWhereTheRestOfADownloadDoesNotCome() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "before");
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThrows(
                        UnreachableException.class,
                        () -> api.get("/stalls").timeout(LONGEST).download(file)));
        assertEquals("before", Files.readString(file));
    }

    @Test
    void asksAgainWhereItMay() throws Exception {
        Answer answer = assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> api.get("/stalls-once").timeout(LONGEST).patient().send());
        assertEquals("abcdefghij", answer.text());
        assertEquals(2, asked.get());
    }

    @Test
    void waitsForAnAnswerWhosePiecesComeInTimeHoweverLongAllOfItTakes() throws Exception {
        assertEquals("abcdefghij", api.get("/slowly").timeout(LONGEST).send().text());
    }

    @Test
    void saysThatTheDiskIsFullAndNotThatNobodyAnswers() {
        Optional<SmallDisk> mounted = SmallDisk.mount(1);
        assumeTrue(mounted.isPresent(), "nothing can be mounted here");
        try (SmallDisk disk = mounted.get()) {
            disk.fill();
            Path file = disk.directory().resolve("f");
            IOException full =
                    assertThrows(IOException.class, () -> api.get("/slowly").download(file));
            assertTrue(
                    String.valueOf(full.getMessage()).contains("cannot be written"),
                    () -> String.valueOf(full.getMessage()));
        }
    }
}
