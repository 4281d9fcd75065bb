package org.templatevault.bench;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** What is stored while something is measured: subjects with the same number of templates of 1 KiB each. */
final class Population {
    static final int TEMPLATE_BYTES = 1024;
    static final int BATCH = 500;
    private static final boolean RANDOM_IDS = Integer.getInteger("bench.ids", 7) == 4;

    /** One stored template. */
    record Address(String subject, String template) {}

    private final Session session;
    private final int perSubject;
    private final List<Address> stored = new ArrayList<>();

    private Population(Session session, int perSubject) {
        this.session = session;
        this.perSubject = perSubject;
    }

    /** None yet: the vault's subjects and templates are removed, past the application. */
    static Population empty(Session session, int perSubject) throws SQLException {
        try (var connection = session.database().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate vault.template, vault.subject_key, vault.subject_count");
        }
        return new Population(session, perSubject);
    }

    int size() {
        return stored.size();
    }

    int perSubject() {
        return perSubject;
    }

    Address any() {
        return stored.get(ThreadLocalRandom.current().nextInt(stored.size()));
    }

    /** Stores until there are so many templates. */
    void growTo(int templates) throws Exception {
        try (Connection connection = session.connect("enroller")) {
            while (stored.size() < templates) {
                stored.addAll(storeBatch(connection, perSubject));
            }
        }
    }

    /** A subject's id as the vault makes them, or a random one with {@code -Dbench.ids=4}. */
    static UUID newSubject() {
        return RANDOM_IDS ? UUID.randomUUID() : UuidCreator.getTimeOrderedEpoch();
    }

    static List<Address> storeBatch(Connection connection, int perSubject) throws IOException {
        StringBuilder body = new StringBuilder("{\"items\":[");
        UUID subject = newSubject();
        for (int i = 0; i < BATCH; i++) {
            subject = i % perSubject == 0 ? newSubject() : subject;
            body.append(i == 0 ? "" : ",")
                    .append("{\"subject\":\"")
                    .append(subject)
                    .append("\",\"modality\":\"FINGERPRINT\",\"format\":\"OPAQUE\",\"data\":\"")
                    .append(Base64.getEncoder().encodeToString(template()))
                    .append("\"}");
        }
        byte[] bytes = Session.ascii(body.append("]}"));
        return Session.json(connection.send("POST", "/api/v1/templates:batchStore", Session.JSON, bytes, 200))
                .getJsonArray("results")
                .stream()
                .map(result -> address(result.asJsonObject()))
                .toList();
    }

    private static Address address(JsonObject result) {
        return new Address(result.getString("subject"), result.getString("template"));
    }

    static byte[] template() {
        byte[] bytes = new byte[TEMPLATE_BYTES];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }
}
