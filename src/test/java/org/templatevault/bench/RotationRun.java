package org.templatevault.bench;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.Locale;

/** One rotation, asked for and watched over the API. */
final class RotationRun implements AutoCloseable {
    private final Connection connection;
    private final String path;

    private RotationRun(Connection connection, String path) {
        this.connection = connection;
        this.path = path;
    }

    /**
     * Asks for a rotation.
     *
     * @param rate subjects a second; 0 for no limit
     */
    static RotationRun request(Session session, String mode, int rate) throws IOException {
        Connection connection = session.connect("key-custodian");
        String limit = rate == 0 ? "" : ",\"rate\":" + rate;
        byte[] body = Session.ascii(String.format(Locale.ROOT, "{\"mode\":\"%s\"%s}", mode, limit));
        String id = Session.json(connection.send("POST", "/api/v1/rotations", Session.JSON, body, 202))
                .getString("id");
        return new RotationRun(connection, "/api/v1/rotations/" + id);
    }

    private JsonObject now() throws IOException {
        return Session.json(connection.send("GET", path, "", Session.NOTHING, 200));
    }

    long done() throws IOException {
        return now().getJsonNumber("done").longValue();
    }

    /** Waits until subjects move. */
    void awaitMoving() throws Exception {
        while (done() == 0) {
            Thread.sleep(20);
        }
    }

    /** Takes the limit away. */
    void hurry() throws IOException {
        connection.send("PATCH", path, Session.JSON, Session.ascii("{\"rate\":null}"), 200);
    }

    /** Waits for the end. Subjects a second, from the activation of the new version to the proof that nothing is left. */
    double await() throws Exception {
        for (JsonObject now = now(); ; now = now()) {
            if (now.getString("state").equals("DRAINED")) {
                return now.getJsonNumber("rowsPerSecond").doubleValue();
            }
            if (!now.isNull("endedAt") && now.containsKey("endedAt")) {
                throw new IllegalStateException("The rotation ended " + now.getString("state"));
            }
            Thread.sleep(200);
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
