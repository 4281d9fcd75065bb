package org.templatevault.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.cli.ClientProcess.run;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.cli.ClientProcess.Outcome;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.TestHome;

/** What the commands do, and how they end. */
class CommandLineIT extends Commands {
    private Path template(String name, long seed) throws IOException {
        return Files.write(directory.resolve(name), IsoTemplates.fingerprint(40, seed));
    }

    private JsonObject enrol(Path file) {
        return at(
                        0,
                        "enrol",
                        file.toString(),
                        "--modality",
                        "FINGERPRINT",
                        "--format",
                        "ISO_19794_2_2005",
                        "--position",
                        "RIGHT_INDEX",
                        "--quality",
                        "80",
                        "--extractor-name",
                        "made here",
                        "--json")
                .json();
    }

    @Test
    void enrolsFetchesAndErases() throws Exception {
        Path file = template("finger.dat", 1);
        JsonObject stored = enrol(file);
        String subject = stored.getString("subject");
        String template = stored.getString("template");
        assertEquals(80, stored.getInt("quality"));

        Path copy = directory.resolve("copy.dat");
        at(0, "fetch", subject, template, "--purpose", "support", "-o", copy.toString());
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(copy));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)));
        assertArrayEquals(
                Files.readAllBytes(file),
                at(0, "fetch", subject, template, "--purpose", "support").out());
        ClientProcess full = ClientProcess.start(
                Map.of(), Path.of("/dev/full"), "fetch", subject, template, "--purpose", "support", "--home", home);
        assertSays("file: ", full.await().expect(1));
        assertSays(
                "purpose-not-allowed: ", at(3, "fetch", subject, template, "--purpose", "fun", "-o", copy.toString()));
        assertSays("template-not-found: ", at(4, "fetch", subject, NOBODY, "--purpose", "support"));

        as("eraser")
                .put("/subjects/" + subject + "/hold")
                .header("X-Reason", "Case")
                .send()
                .expect(200);
        assertSays("legal-hold: ", at(5, "erase", subject, "--reason", "retention", "--yes"));
        as("eraser")
                .delete("/subjects/" + subject + "/hold")
                .header("X-Reason", "Over")
                .send()
                .expect(204);
        assertSays("reason-not-allowed: ", at(3, "erase", subject, "--reason", "fun", "--yes"));
        String receipt =
                at(0, "erase", subject, "--reason", "retention", "--yes").text();
        assertTrue(receipt.contains("retention, asked for by eraser") && receipt.contains("waits for"), receipt);
        assertSays("subject-erased: ", at(4, "erase", subject, "--reason", "retention", "--yes"));
        assertSays(
                "Receipt: /api/v1/erasures/",
                at(4, "enrol", file.toString(), "--subject", subject, "--modality", "FACE", "--format", "OPAQUE"));

        String erasure = receipt.lines().findFirst().orElseThrow().replaceFirst("erasure +", "");
        Path signed = directory.resolve("receipt.json");
        at(0, "receipt", erasure, "-o", signed.toString());
        assertTrue(Files.readString(signed).contains("\"signature\""));
        assertSays("erasure-not-found: ", at(4, "receipt", NOBODY));
    }

    @Test
    void refusesWhoMayNotAndWhoCannotProveItself() throws Exception {
        Path file = template("finger.dat", 2);
        String[] store = {"enrol", file.toString(), "--modality", "FACE", "--format", "OPAQUE"};
        assertSays("forbidden: ", as("reader", 3, store));
        assertSays("forbidden: ", as("auditor", 3, "rotate"));
        as("operator", 0, "keys", "list");
        Map<String, String> wrong = Map.of("VAULT_PASSWORD", "wrong-word");
        Outcome refused = ClientProcess.start(
                        wrong,
                        "keys",
                        "list",
                        "--url",
                        url(),
                        "--ca",
                        home + "/tls.pem",
                        "--user",
                        "operator",
                        "--json")
                .await()
                .expect(3);
        assertTrue(refused.err().startsWith("{") && refused.err().contains("\"not-signed-in\""), refused::toString);
        assertFalse(refused.toString().contains("wrong-word"), "a password is never printed");
        Outcome stranger = ClientProcess.start(wrong, "keys", "list", "--url", url(), "--user", "operator")
                .await()
                .expect(8);
        assertSays("untrusted: ", stranger);
        Outcome otherName = ClientProcess.start(
                        wrong,
                        "keys",
                        "list",
                        "--url",
                        url().replace("localhost", "127.0.0.2"),
                        "--ca",
                        home + "/tls.pem",
                        "--user",
                        "operator")
                .await();
        assertTrue(otherName.exitCode() == 8 || otherName.exitCode() == 7, otherName::toString);
        assertSays("invalid-field: ", at(2, "enrol", file.toString(), "--modality", "FOOT", "--format", "OPAQUE"));
        assertSays("(format: ", at(2, "enrol", file.toString(), "--modality", "FACE", "--format", "UNHEARD_OF"));
    }

    @Test
    void endsWithSixWhereBytesDoNotAuthenticate() throws Exception {
        JsonObject stored = enrol(template("finger.dat", 3));
        UUID template = UUID.fromString(stored.getString("template"));
        Path copy = Files.writeString(directory.resolve("copy.dat"), "before");
        String[] flip = {
            "update vault.template set envelope = set_byte(envelope, 20, get_byte(envelope, 20) # 1)" + " where id = ?"
        };
        assertEquals(1, rows.change(flip[0], template));
        try {
            Outcome broken = at(
                    6,
                    "fetch",
                    stored.getString("subject"),
                    stored.getString("template"),
                    "--purpose",
                    "support",
                    "-o",
                    copy.toString());
            assertSays("integrity-failure: ", broken);
            assertSays("Incident ", broken);
            assertEquals("before", Files.readString(copy));
        } finally {
            rows.change(flip[0], template);
        }
    }

    @Test
    void namesWhatAVerificationFoundAndEndsWithSix() throws Exception {
        JsonObject stored = enrol(template("finger.dat", 4));
        UUID template = UUID.fromString(stored.getString("template"));
        assertEquals(1, rows.change("update vault.template set quality = 79 where id = ?", template));
        try {
            Outcome found = at(6, "audit", "verify");
            assertTrue(found.text().startsWith("NOT INTACT: "), found::toString);
            assertTrue(
                    found.text().contains("row-changed") && found.text().contains(template.toString()),
                    found::toString);
        } finally {
            rows.change("update vault.template set quality = 80 where id = ?", template);
        }
        Outcome after = run("audit", "verify", "--json", "--home", home);
        after.expect(after.json().getBoolean("intact") ? 0 : 6);
        assertFalse(after.text().contains(template.toString()), after::toString);
        Path noCheckpoint = Files.writeString(directory.resolve("checkpoints"), "hello\n");
        assertSays("invalid-field: ", at(2, "audit", "verify", "--checkpoints", noCheckpoint.toString()));

        Path export = directory.resolve("export.ndjson");
        at(0, "audit", "export", "-o", export.toString());
        assertTrue(Files.readString(export).contains("POST /api/v1/subjects"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(export)));
        assertSays(
                "file: ",
                at(1, "audit", "export", "-o", directory.resolve("no/such").toString()));
    }

    @Test
    void keepsNoExportWhoseLastLineIsMissing() throws Exception {
        HttpsServer other = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
        other.setHttpsConfigurator(new HttpsConfigurator(vault.home().tls()));
        other.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("{\"type\":\"pruned\",\"month\":\"2016-01\"}\n".getBytes(UTF_8));
            exchange.close();
        });
        other.start();
        try {
            Path export = Files.writeString(directory.resolve("export.ndjson"), "before");
            Path password = Files.writeString(directory.resolve("password"), "any\n");
            Outcome outcome = run(
                    "audit",
                    "export",
                    "-o",
                    export.toString(),
                    "--url",
                    "https://localhost:" + other.getAddress().getPort(),
                    "--ca",
                    home + "/tls.pem",
                    "--user",
                    "auditor",
                    "--password-file",
                    password.toString());
            assertSays("incomplete: ", outcome.expect(1));
            assertEquals("before", Files.readString(export));
        } finally {
            other.stop(0);
        }
    }

    /**
     * The database goes away when most of the trail is on its way already. The server then ends the body as if it were
     * whole: only the last line tells.
     */
    @Test
    void keepsNoExportThatBreaksOff() {
        String unknown = "{\"subject\":\"" + NOBODY + "\",\"template\":\"" + NOBODY + "\"}";
        String items = String.join(",", Collections.nCopies(500, unknown));
        for (int i = 0; i < 6; i++) {
            as("reader")
                    .post("/templates:batchGet")
                    .header("X-Purpose", "identification")
                    .json("{\"items\":[" + items + "]}")
                    .send()
                    .expect(200);
        }
        Path export = directory.resolve("export.ndjson");
        try (var hold = vault.proxy().holdStatement("audit_pending p join vault.audit_entry e using (at, id)")) {
            ClientProcess client =
                    ClientProcess.start(Map.of(), "audit", "export", "-o", export.toString(), "--home", home);
            hold.awaitHeld(PATIENCE);
            hold.drop();
            assertNotEquals(0, client.await().exitCode());
        }
        assertFalse(Files.exists(export));
        at(0, "audit", "export", "-o", export.toString());
    }

    @Tag("nightly")
    @Test
    void decidesExactlyWhatWasRead() throws Exception {
        String approval = as("key-custodian")
                .post("/keys/1/exposure")
                .send()
                .expect(202)
                .json()
                .getString("id");
        assertTrue(at(0, "approvals", "list").text().contains(approval));
        assertTrue(at(0, "status").text().contains("! approvals"), "somebody has to decide");
        String hash = at(0, "approvals", "show", approval, "--json").json().getString("requestHash");
        assertSays("request-hash-differs: ", at(5, "approvals", "approve", approval, "--hash", "0".repeat(64)));
        assertSays("forbidden: ", as("key-custodian", 3, "approvals", "approve", approval, "--hash", hash));
        assertTrue(
                at(0, "approvals", "approve", approval, "--hash", hash).text().startsWith("APPROVED"));
        assertSays("approval-state: ", at(5, "approvals", "reject", approval));
        assertFalse(at(0, "approvals", "list").text().contains(approval));
        assertTrue(at(0, "approvals", "list", "--all").text().contains(approval));
        assertSays("approval-not-found: ", at(4, "approvals", "reject", NOBODY));
        as("key-custodian").post("/approvals/" + approval + ":cancel").send();
    }

    @Test
    void rotatesAndSteers() throws Exception {
        for (int i = 0; i < 30; i++) {
            as("enroller").store(UUID.randomUUID(), IsoTemplates.fingerprint(10, i));
        }
        JsonObject slow = at(0, "rotate", "--rate", "1", "--json").json();
        String id = slow.getString("id");
        assertSays("rotation-in-progress: ", at(5, "rotate"));
        TestHome.await("it moves", PATIENCE, () -> state(id).equals("REENCRYPTING"));
        assertTrue(at(0, "rotation", "pause").text().contains(id));
        TestHome.await("it stands", PATIENCE, () -> state(id).equals("PAUSED"));
        assertTrue(at(0, "status").text().contains("! rotation"), "it will not go on by itself");
        ClientProcess left = ClientProcess.start(Map.of(), "rotation", "watch", "--home", home);
        TestHome.await("it is watched", PATIENCE, () -> left.said().contains("PAUSED"));
        left.process().destroy();
        assertTrue(left.await().expect(143).err().endsWith("vault rotation watch " + id + System.lineSeparator()));
        at(0, "rotation", "rate", "none");
        assertSays("invalid-field: ", at(2, "rotation", "rate", "0"));
        at(0, "rotation", "cancel", id);
        assertSays("rotation-state: ", at(5, "rotation", "resume", id));
        assertTrue(at(1, "rotation", "watch", id).text().contains("CANCELLED"));
        assertSays("rotation-not-found: ", at(4, "rotation", "watch", NOBODY));

        Outcome done = run("rotate", "--mode", "rewrap", "--watch", "--json", "--home", home);
        done.expect(done.json().getString("state").equals("DRAINED") ? 0 : 6);
        assertEquals(0, done.json().getInt("remaining"));
        assertTrue(done.err().contains(" subjects  "), done::toString);
        assertFalse(done.err().contains("\u001b") || done.err().contains("\r"), "no control characters in a file");
        String version = Integer.toString(done.json().getInt("toVersion"));
        assertTrue(at(0, "keys", "list")
                .text()
                .lines()
                .anyMatch(line -> line.startsWith(version) && line.contains("ACTIVE")));
        assertTrue(at(0, "keys", "usage", version).text().contains("used     "));
        assertSays("key-version-not-found: ", at(4, "keys", "usage", "9999"));
    }

    private String state(String rotation) {
        return as("operator").get("/rotations/" + rotation).send().json().getString("state");
    }

    @Test
    void comesAgainWhereTheVaultSaysSoAndNoLongerThanItIsTold() throws Exception {
        vault.proxy().refuse(true);
        vault.proxy().dropAll();
        try {
            assertSays("database-unavailable: ", at(7, "keys", "list", "--wait", "0"));
            ClientProcess waiting = ClientProcess.start(Map.of(), "keys", "list", "--wait", "60", "--home", home);
            TestHome.pause(Duration.ofSeconds(3));
            assertTrue(waiting.process().isAlive(), "it waits");
            vault.proxy().refuse(false);
            waiting.await().expect(0);
        } finally {
            vault.proxy().refuse(false);
        }
        TestHome.await(
                "the server is ready", PATIENCE, () -> vault.server().client().isReady());
    }
}
