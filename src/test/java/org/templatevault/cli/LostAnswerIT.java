package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.cli.ClientProcess.run;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

/** The client against a server that takes requests and loses answers, behind a proxy that takes no large bodies. */
class LostAnswerIT {
    private static final int MOST_BYTES = 2000;

    @TempDir
    Path directory;

    private final TestHome home = SharedVault.mortal().home();
    /** What came, each as its path, its name and the number of its bytes. */
    private final List<String> came = Collections.synchronizedList(new ArrayList<>());

    private HttpsServer server;
    private int answersToLose;

    @BeforeEach
    void start() throws IOException {
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(home.tls()));
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", this::answer);
        server.start();
        Files.writeString(directory.resolve("password"), "word");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            came.add(exchange.getRequestURI().getPath() + " "
                    + exchange.getRequestHeaders().getFirst("Idempotency-Key"));
            if (came.size() <= answersToLose) {
                return;
            }
            boolean batch = exchange.getRequestURI().getPath().endsWith(":batchStore");
            if (body.length > MOST_BYTES) {
                exchange.sendResponseHeaders(413, -1);
            } else {
                byte[] answer = (batch ? stored(body) : stored(0)).toString().getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(batch ? 200 : 201, answer.length);
                exchange.getResponseBody().write(answer);
            }
        }
    }

    private static JsonObject stored(int index) {
        return Json.createObjectBuilder()
                .add("index", index)
                .add("status", 201)
                .add("subject", "0192f0a4-7c11-7abc-8def-0123456789ab")
                .add("template", "0192f0a4-7c11-7abc-8def-0123456789ac")
                .add("version", 1)
                .build();
    }

    private static JsonObject stored(byte[] body) {
        try (var reader = Json.createReader(new ByteArrayInputStream(body))) {
            int items = reader.readObject().getJsonArray("items").size();
            JsonArrayBuilder results = Json.createArrayBuilder();
            for (int i = 0; i < items; i++) {
                results.add(stored(i));
            }
            return Json.createObjectBuilder().add("results", results).build();
        }
    }

    private String[] command(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--modality", "FINGERPRINT", "--format", "OPAQUE"));
        all.addAll(List.of("--url", "https://localhost:" + server.getAddress().getPort()));
        all.addAll(List.of("--ca", home.directory().resolve("tls.pem").toString(), "--user", "enroller"));
        all.addAll(List.of("--password-file", directory.resolve("password").toString(), "--wait", "5"));
        return all.toArray(String[]::new);
    }

    private String file() throws IOException {
        return Files.write(directory.resolve("finger.dat"), new byte[] {1, 2, 3})
                .toString();
    }

    @Test
    void sendsTheSameRequestAgainWhereItsAnswerWasLost() throws Exception {
        answersToLose = 1;
        run(command("enrol", file())).expect(0);
        assertEquals(2, came.size());
        assertEquals(came.get(0), came.get(1));
    }

    @Test
    void saysHowToRepeatWhatNobodyAnswered() throws Exception {
        answersToLose = Integer.MAX_VALUE;
        String said = run(command("enrol", file())).expect(7).err();
        Matcher again = Pattern.compile("--subject (\\S+) --key (\\S+)").matcher(said);
        assertTrue(again.find(), said);
        String first = came.get(0);
        answersToLose = 0;
        run(command("enrol", file(), "--subject", again.group(1), "--key", again.group(2)))
                .expect(0);
        assertEquals(first, came.get(came.size() - 1));
    }

    /** What was stored at last is what the file had then, whatever it had when it was first sent to nobody. */
    @Tag("nightly")
    @Test
    void takesWhatItHasSentLastForWhatIsStored() throws Exception {
        Path records = Files.createDirectories(directory.resolve("records"));
        Files.write(records.resolve("a"), new byte[] {1});
        String[] batch = command("batch", "enrol", records.toString());
        answersToLose = Integer.MAX_VALUE;
        run(batch).expect(7);
        Files.write(records.resolve("a"), new byte[] {2});
        answersToLose = 0;
        run(batch).expect(0);
        run(batch).expect(0);
    }

    /** Nothing of a chunk is stored that is refused as a whole: in smaller ones it may pass. */
    @Test
    void takesWhatWasTooLargeApartTheNextTime() throws Exception {
        Path records = Files.createDirectories(directory.resolve("records"));
        for (int i = 0; i < 20; i++) {
            Files.write(records.resolve("r" + i), new byte[100]);
        }
        assertEquals(
                20,
                run(command("batch", "enrol", records.toString(), "--json"))
                        .expect(1)
                        .json()
                        .getInt("failed"));
        assertEquals(
                20,
                run(command("batch", "enrol", records.toString(), "--json", "--chunk", "5"))
                        .expect(0)
                        .json()
                        .getInt("stored"));
    }
}
