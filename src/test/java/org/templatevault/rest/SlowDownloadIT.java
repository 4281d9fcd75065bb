package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;

/** What an answer holds is bounded also where nobody takes it. */
@Tag("long")
class SlowDownloadIT {
    /** As many as may read a batch at once. */
    private static final int TURNS = 3;
    /** Together more than the sockets on both sides take in. */
    private static final int TEMPLATES = 60;

    private static final int BYTES = 200 << 10;
    private static final String BATCH = "/templates:batchGet";

    @Test
    @Tag("nightly")
    void keepsTheTurnOfABatchUntilItsAnswerIsTaken() throws Exception {
        UUID subject = UUID.randomUUID();
        JsonArrayBuilder items = Json.createArrayBuilder();
        Stored first = store(subject, 0, items);
        for (int i = 1; i < TEMPLATES; i++) {
            store(subject, i, items);
        }
        String all = Json.createObjectBuilder().add("items", items).build().toString();
        List<SSLSocket> nobodyReads = new ArrayList<>();
        try {
            for (int i = 0; i < TURNS; i++) {
                nobodyReads.add(ask(all));
            }
            TestHome.pause(Duration.ofSeconds(2));
            get(one(first)).problem(503, "too-many-batches");
        } finally {
            for (SSLSocket socket : nobodyReads) {
                socket.close();
            }
        }
        TestHome.await(
                "the turns are given back",
                Duration.ofSeconds(40),
                () -> get(one(first)).status() == 200);
        assertEquals(
                TEMPLATES, get(all).expect(200).json().getJsonArray("results").size());
    }

    private static Stored store(UUID subject, int seed, JsonArrayBuilder items) {
        Stored stored =
                as("enroller").store(subject, "modality=IRIS&format=OPAQUE", TemplateDocument.noise(BYTES, seed));
        items.add(Json.createObjectBuilder()
                .add("subject", stored.subject().toString())
                .add("template", stored.template().toString()));
        return stored;
    }

    private static String one(Stored stored) {
        return "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}]}";
    }

    private static Answer get(String body) {
        return as("reader")
                .post(BATCH)
                .header("X-Purpose", "verification")
                .json(body)
                .send();
    }

    private static SSLSocket ask(String body) throws IOException {
        VaultClient reader = as("reader");
        SSLSocket socket = reader.connect();
        String request = "POST " + VaultClient.API + BATCH + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                + reader.authorization() + "\r\nX-Purpose: verification\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }
}
