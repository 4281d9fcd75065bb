package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** A node whose reports do not get through, so that it has not heard of the keys that a compromise has made. */
@Tag("long")
@Tag("nightly")
class RenewedKeysNodesIT {
    private static final String REPORT = "insert into vault.node as n";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static TestHome home;
    private static Rows rows;
    private static DatabaseProxy proxyOfA;
    private static DatabaseProxy proxyOfB;
    private static VaultServer a;
    private static VaultServer b;

    private VaultServer told;
    private VaultServer untold;
    private Hold report;

    @BeforeAll
    static void start() {
        home = TestHome.create("renewed");
        rows = new Rows(home);
        proxyOfA = DatabaseProxy.before(home.database().port());
        proxyOfB = DatabaseProxy.before(home.database().port());
        a = VaultServer.on(home, "a").through(proxyOfA).start();
        b = VaultServer.on(home, "b").through(proxyOfB).start();
        new Custodian(a).drained(new Custodian(a).start());
    }

    @AfterAll
    static void stop() {
        b.close();
        a.close();
        home.close();
    }

    @BeforeEach
    void makesKeysOfWhichOneNodeDoesNotHear() {
        told = rows.holder("rotation").equals("node-a") ? a : b;
        untold = told == a ? b : a;
        report = (untold == a ? proxyOfA : proxyOfB).holdStatement(REPORT).awaitHeld(PATIENCE);
        new Custodian(told)
                .drained(new Custodian(told).start(Json.createObjectBuilder().add("reason", "compromise")));
    }

    @AfterEach
    void letsItHear() {
        report.close();
    }

    @Test
    void knowsASessionOfAnotherNode() {
        VaultClient session = told.client().inSession("operator");
        session.at(untold).get("/keys").send().expect(200);
    }

    @Test
    void knowsWhatAnotherNodeHasDoneForAnIdempotencyKey() {
        String key = "key-" + UUID.randomUUID();
        assertEquals(made(told, key), made(untold, key));
    }

    private static String made(VaultServer server, String key) {
        return server.as("enroller")
                .post("/subjects")
                .header("Idempotency-Key", key)
                .json("{}")
                .send()
                .expect(201)
                .json()
                .getString("id");
    }

    @Test
    void sealsNoBlockWithTheKeyOfBefore() {
        String node = untold == a ? "node-a" : "node-b";
        rows.change(
                "update vault.lease set owner = (select id from vault.node where name = ?), token = token + 1,"
                        + " expires_at = now() + interval '1 minute' where name = 'audit'",
                node);
        long before = rows.number("select max(number) from vault.audit_block");
        untold.as("auditor").get("/keys").send().expect(200);
        TestHome.await(
                "the node has sealed",
                PATIENCE,
                () -> rows.number(
                                "select count(*) from vault.audit_block where number > ? and line::json ->> 'node' = ?",
                                before,
                                node)
                        > 0);
        assertEquals(
                rows.number("select max(number) from vault.service_key where purpose = 'SIGNING'"),
                rows.number("select (line::json ->> 'key')::int from vault.audit_block order by number desc limit 1"));
    }

    @Test
    void signsNothingWithTheKeyOfBefore() {
        UUID subject = told.as("enroller")
                .post("/subjects")
                .json("{}")
                .send()
                .expect(201)
                .json()
                .getString("id")
                .transform(UUID::fromString);
        String erasure = told.as("eraser")
                .erase(subject, "enrolment-error")
                .expect(202)
                .json()
                .getString("id");
        assertEquals(
                rows.number("select max(number) from vault.service_key where purpose = 'SIGNING'"),
                untold.as("auditor")
                        .get("/erasures/" + erasure)
                        .send()
                        .expect(200)
                        .json()
                        .getInt("keyNumber"));
    }
}
