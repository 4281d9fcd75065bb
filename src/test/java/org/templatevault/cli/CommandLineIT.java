package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.templatevault.cli.ClientProcess.run;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.cli.ClientProcess.Outcome;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;

/** The client as its users start it, against a server: what it does, and how it ends. */
class CommandLineIT {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String NOBODY = "0192f0a4-7c11-7abc-8def-0123456789ab";

    @TempDir
    Path directory;

    private final SharedVault.Mortal vault = SharedVault.mortal();
    private final Rows rows = new Rows(vault.home());
    private String home = "";

    @BeforeEach
    void address() throws IOException {
        home = vault.home().directory().toString();
        Files.writeString(vault.home().directory().resolve("address"), url());
    }

    private String url() {
        return "https://localhost:" + vault.server().port();
    }

    private VaultClient as(String role) {
        return vault.server().as(role);
    }

    /** As the generated user of the role that the command needs. */
    private Outcome at(int exitCode, String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--home", home));
        return run(all.toArray(String[]::new)).expect(exitCode);
    }

    /** As any user, with the password in a file. */
    private Outcome as(String role, int exitCode, String... args) throws IOException {
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(home, "credentials.properties"))) {
            passwords.load(reader);
        }
        Path password = Files.writeString(directory.resolve("password"), passwords.getProperty(role) + "\n");
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--url", url(), "--ca", home + "/tls.pem", "--user", role));
        all.addAll(List.of("--password-file", password.toString()));
        return run(all.toArray(String[]::new)).expect(exitCode);
    }

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

    private static void assertSays(String expected, Outcome outcome) {
        assertTrue(outcome.err().contains(expected), outcome::toString);
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

    @Test
    void storesADirectoryTriesFailuresAgainAndReadsItBack() throws Exception {
        Path records = Files.createDirectories(directory.resolve("records"));
        UUID known = as("enroller").store(UUID.randomUUID(), new byte[] {1}).subject();
        Files.write(
                Files.createDirectories(records.resolve(known.toString())).resolve("a.dat"),
                IsoTemplates.fingerprint(9, 1));
        for (int i = 0; i < 20; i++) {
            Files.write(records.resolve("r" + i + ".dat"), IsoTemplates.fingerprint(i, i));
        }
        Files.createFile(records.resolve("empty.dat"));
        String[] batch = {
            "batch",
            "enrol",
            records.toString(),
            "--modality",
            "FINGERPRINT",
            "--format",
            "ISO_19794_2_2005",
            "--chunk",
            "7",
            "--json"
        };
        JsonObject first = at(1, batch).json();
        assertEquals(21, first.getInt("stored"), first::toString);
        String failures = Files.readString(Path.of(first.getString("failures")));
        assertTrue(failures.contains("\"empty.dat\"") && failures.contains("invalid-field"), failures);
        assertEquals(
                2,
                as("reader")
                        .get("/subjects/" + known + "/templates")
                        .send()
                        .json()
                        .getJsonArray("templates")
                        .size());

        Files.write(records.resolve("empty.dat"), new byte[] {7});
        JsonObject second = at(0, batch).json();
        assertEquals(21, second.getInt("storedEarlier"), second::toString);
        assertFalse(Files.exists(directory.resolve("records.failures")), "nothing is left to mend");
        assertSays(
                "journal-differs: ",
                at(5, "batch", "enrol", records.toString(), "--modality", "FACE", "--format", "OPAQUE"));

        Path copies = directory.resolve("copies");
        String[] fetch = {
            "batch",
            "fetch",
            first.getString("journal"),
            "-o",
            copies.toString(),
            "--purpose",
            "support",
            "--chunk",
            "8",
            "--json"
        };
        assertEquals(22, at(0, fetch).json().getInt("written"));
        assertEquals(contents(records), contents(copies));
        assertEquals(22, at(0, fetch).json().getInt("thereBefore"));
        Path list = Files.writeString(
                directory.resolve("list"), "{\"subject\":\"" + known + "\",\"template\":\"" + NOBODY + "\"}\n");
        assertEquals(
                1,
                at(1, "batch", "fetch", list.toString(), "-o", copies.toString(), "--purpose", "support", "--json")
                        .json()
                        .getInt("failed"));
        Files.writeString(list, "{\"subject\":\"../../etc\",\"template\":\"" + NOBODY + "\"}\n");
        assertSays("line 1", at(2, "batch", "fetch", list.toString(), "-o", copies.toString(), "--purpose", "support"));
    }

    /** The files' bytes, in the order of the bytes. */
    private static List<String> contents(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            List<String> contents = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.add(java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
            }
            return contents.stream().sorted().toList();
        }
    }

    @Test
    void storesLinesOfJson() throws Exception {
        Path lines = Files.writeString(directory.resolve("records.ndjson"), """
                {"data":"AAEC"}
                {"data":"AAEC","modality":"FACE","quality":70}
                hello
                {"modality":"IRIS"}
                """);
        JsonObject done = at(
                        1, "batch", "enrol", lines.toString(), "--modality", "VOICE", "--format", "OPAQUE", "--json")
                .json();
        assertEquals(2, done.getInt("stored"), done::toString);
        String failures = Files.readString(directory.resolve("records.ndjson.failures"));
        assertTrue(failures.contains("\"line 3\"") && failures.contains("\"line 4\""), failures);
        assertSays("file: ", at(1, "batch", "enrol", directory.resolve("absent").toString()));
    }

    @Test
    void storesNothingTwiceAfterAKillInTheMiddle() throws Exception {
        Path records = Files.createDirectories(directory.resolve("many"));
        for (int i = 0; i < 240; i++) {
            Files.write(records.resolve("r" + i), IsoTemplates.fingerprint(12, i));
        }
        String marker = UUID.randomUUID().toString();
        String[] batch = {
            "batch",
            "enrol",
            records.toString(),
            "--modality",
            "FINGERPRINT",
            "--format",
            "ISO_19794_2_2005",
            "--extractor-name",
            marker,
            "--chunk",
            "4",
            "--home",
            home,
            "--json"
        };
        Path journal = directory.resolve("many.journal");
        ClientProcess first = ClientProcess.start(Map.of(), batch);
        TestHome.await("some are stored", PATIENCE, () -> Files.exists(journal) && count(marker) >= 8);
        try (var hold = vault.proxy().holdAnswer("insert into vault.template")) {
            hold.awaitHeld(PATIENCE);
            first.process().destroyForcibly().waitFor();
            hold.release();
        }
        long chunks = Files.readAllLines(journal).stream()
                .filter(line -> line.startsWith("{\"chunk\""))
                .count();
        TestHome.await("what was under way is stored", PATIENCE, () -> count(marker) == 4 * chunks);
        assertTrue(chunks < 60, "it was killed in the middle, at " + chunks);

        Outcome second = run(batch).expect(0);
        assertEquals(240, second.json().getInt("stored"));
        assertEquals(240, count(marker), "nothing is stored twice");
        assertEquals(
                240,
                rows.number("select count(distinct subject_id) from vault.template where extractor_name = ?", marker));
        assertEquals(240, run(batch).expect(0).json().getInt("storedEarlier"));
        assertEquals(240, count(marker));
    }

    private long count(String marker) {
        return rows.number("select count(*) from vault.template where extractor_name = ?", marker);
    }
}
