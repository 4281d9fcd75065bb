package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.testing.SharedVault.as;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;

/** Bodies that come a byte a second, or break off, keep nobody for long. */
@Tag("long")
class SlowUploadIT {
    /** As many as may store a batch at once. */
    private static final int TURNS = 3;

    private static final Duration LONGEST = Duration.ofSeconds(50);
    private static final byte[] TEMPLATE = IsoTemplates.fingerprint(40, 1);
    private static final String BATCH = "/templates:batchStore";

    @Tag("nightly")
    @Test
    void givesTheTurnsOfSlowBatchesBackAndKeepsNoReaderMeanwhile() throws Exception {
        Stored stored = as("enroller").store(UUID.randomUUID(), TEMPLATE);
        String item =
                "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}]}";
        ExecutorService uploads = Executors.newFixedThreadPool(TURNS);
        try {
            List<Future<String>> slow = new ArrayList<>();
            for (int i = 0; i < TURNS; i++) {
                slow.add(uploads.submit(() -> upload(
                        as("enroller"),
                        VaultClient.API + BATCH,
                        "application/json",
                        "{\"items\":[",
                        Duration.ofSeconds(1))));
            }
            TestHome.pause(Duration.ofSeconds(2));
            var read = as("reader")
                    .post("/templates:batchGet")
                    .header("X-Purpose", "verification")
                    .json(item)
                    .send();
            assertTrue(read.expect(200).text().contains(stored.template().toString()));
            as("enroller").post(BATCH).json("{\"items\":[]}").send().problem(503, "too-many-batches");
            assertFalse(slow.stream().anyMatch(Future::isDone), "the uploads are still under way");
            for (Future<String> upload : slow) {
                refused(upload.get());
            }
            as("enroller").post(BATCH).json("{\"items\":[]}").send().problem(422, "invalid-field");
        } finally {
            uploads.shutdownNow();
        }
        assertArrayEquals(TEMPLATE, as("reader").read(stored).expect(200).bytes());
    }

    @Test
    @Tag("nightly")
    void answersABodyOfWhichNothingMoreComes() throws Exception {
        String path = "/subjects/" + UUID.randomUUID() + "/templates?modality=FINGERPRINT&format=OPAQUE";
        refused(upload(as("enroller"), VaultClient.API + path, "application/octet-stream", "some", LONGEST));
    }

    /** Whoever signs in need not be known to anybody. */
    @Test
    void waitsForNoPasswordForLong() throws Exception {
        VaultClient anybody = as("enroller"); // begins with the server's start
        long began = System.nanoTime();
        refused(upload(anybody, "/console/session", "application/json", "{\"user\":", Duration.ofSeconds(1)));
        long seconds = (System.nanoTime() - began) / 1_000_000_000;
        assertTrue(seconds < 20, () -> "after " + seconds + " s");
    }

    private static void refused(String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
        assertTrue(answer.contains("body-incomplete"), answer);
    }

    /** Sends the head of a request and the beginning of its body, then a space now and then until the answer has come. */
    private static String upload(VaultClient client, String path, String type, String beginning, Duration between)
            throws IOException {
        try (SSLSocket socket = client.connect()) {
            socket.setSoTimeout(Math.toIntExact(between.toMillis()));
            String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + client.authorization()
                    + "\r\nContent-Type: " + type + "\r\nTransfer-Encoding: chunked\r\n\r\n";
            socket.getOutputStream().write((head + chunk(beginning)).getBytes(StandardCharsets.ISO_8859_1));
            return answer(socket);
        }
    }

    /** The server reads on after each chunk, while it waits 20 s at most for a length that was told. */
    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    private static String answer(SSLSocket socket) throws IOException {
        StringBuilder answer = new StringBuilder();
        long end = System.nanoTime() + LONGEST.toNanos();
        while (System.nanoTime() < end) {
            try {
                int next = socket.getInputStream().read();
                answer.append((char) next);
                if (next < 0 || answer.toString().endsWith("}")) {
                    return answer.toString();
                }
            } catch (SocketTimeoutException nothingYet) {
                if (answer.isEmpty()) {
                    socket.getOutputStream().write(chunk(" ").getBytes(StandardCharsets.ISO_8859_1));
                }
            } catch (IOException cutOff) {
                return answer.toString();
            }
        }
        throw new AssertionError("No answer, or no end of the connection, in " + LONGEST + ": " + answer);
    }
}
