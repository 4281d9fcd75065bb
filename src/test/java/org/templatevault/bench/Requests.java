package org.templatevault.bench;

import java.io.IOException;
import org.templatevault.bench.Population.Address;

/** The requests of the API that are measured, each on 16 connections, as fast as they are answered. */
final class Requests {
    private final Session session;
    private final Population population;

    Requests(Session session, Population population) {
        this.session = session;
        this.population = population;
    }

    /** Trivial requests a second. */
    double liveness(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = session.connect("operator");
            return Session.worker(connection, () -> {
                connection.send("GET", "/health/live", "", Session.NOTHING, 200);
                return 1;
            });
        });
    }

    double stores(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = session.connect("enroller");
            return Session.worker(connection, () -> {
                store(connection, population.any().subject());
                return 1;
            });
        });
    }

    static void store(Connection connection, String subject) throws IOException {
        connection.send(
                "POST",
                "/api/v1/subjects/" + subject + "/templates?modality=FINGERPRINT&format=OPAQUE",
                Session.OCTETS,
                Population.template(),
                201);
    }

    double reads(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = session.connect("reader");
            return Session.worker(connection, () -> read(connection));
        });
    }

    /** Reads any template; 1 if it had its length. */
    int read(Connection connection) throws IOException {
        Address one = population.any();
        byte[] bytes = connection.send(
                "GET",
                "/api/v1/subjects/" + one.subject() + "/templates/" + one.template() + "/content",
                Session.PURPOSE + "Accept: application/octet-stream\r\n",
                Session.NOTHING,
                200);
        return bytes.length == Population.TEMPLATE_BYTES ? 1 : 0;
    }

    double batchStores(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = session.connect("enroller");
            return Session.worker(
                    connection, () -> Population.storeBatch(connection, 1).size());
        });
    }

    double batchGets(int seconds) throws Exception {
        return Load.perSecond(seconds, () -> {
            Connection connection = session.connect("reader");
            return Session.worker(connection, () -> {
                batchGet(connection);
                return Population.BATCH;
            });
        });
    }

    private void batchGet(Connection connection) throws IOException {
        StringBuilder body = new StringBuilder("{\"items\":[");
        for (int i = 0; i < Population.BATCH; i++) {
            Address one = population.any();
            body.append(i == 0 ? "" : ",").append("{\"subject\":\"").append(one.subject());
            body.append("\",\"template\":\"").append(one.template()).append("\"}");
        }
        byte[] bytes = Session.ascii(body.append("]}"));
        connection.send("POST", "/api/v1/templates:batchGet", Session.JSON + Session.PURPOSE, bytes, 200);
    }
}
