package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.OpenSsl;
import org.templatevault.testing.SilentNode;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;

class DestructionIT extends LeftVersion {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();

    @Override
    void enrol() {
        for (int i = 0; i < 20; i++) {
            byte[] bytes = TemplateDocument.noise(200 + i, i);
            acknowledged.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    @AfterEach
    void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
    }

    private String alias() {
        return rows.texts("select root_key_alias from vault.key_version where version = ?", left.number())
                .get(0);
    }

    @Test
    void destroysAVersionThatNothingNeedsAndSignsACertificate() throws Exception {
        assertTrue(server.home().rootKeys().contains(alias()));
        askAndApprove(true);
        JsonObject ended = left.await("DESTROYED");
        assertTrue(ended.getInt("templatesOpened") >= 20, ended::toString);
        assertEquals("DESTROYED", left.get().getString("state"));
        assertFalse(server.home().rootKeys().contains(alias()));
        assertEquals(0, rows.number("select count(*) from vault.key_material where version = ?", left.number()));

        JsonObject answer = server.as("auditor")
                .get("/keys/" + left.number() + "/certificate")
                .send()
                .expect(200)
                .json();
        byte[] signed = Base64.getDecoder().decode(answer.getString("signed"));
        assertEquals(answer.getJsonObject("certificate").toString(), new String(signed, StandardCharsets.UTF_8));
        assertTrue(verifies(answer, signed));
        signed[signed.length / 2] ^= 1;
        assertFalse(verifies(answer, signed));
        JsonObject certificate = answer.getJsonObject("certificate");
        assertEquals(left.number(), certificate.getInt("version"));
        assertEquals("key-custodian", certificate.getString("requestedBy"));
        assertEquals("approver", certificate.getString("approvedBy"));
        assertEquals(left.get().getString("fingerprint"), certificate.getString("fingerprint"));
        assertEquals("{\"subject_key\":0,\"service_key\":0}", String.valueOf(certificate.get("references")));
        List<Instant> times = List.of(
                Instant.parse(certificate.getString("requestedAt")),
                Instant.parse(certificate.getString("approvedAt")),
                Instant.parse(certificate.getJsonObject("pass").getString("endedAt")),
                Instant.parse(certificate.getString("destroyedAt")));
        assertEquals(times.stream().sorted().toList(), times);
        String keys = server.as("auditor").get("/audit/keys").send().expect(200).text();
        assertTrue(keys.contains(answer.getString("publicKey").strip()), keys);
        assertTrue(certificate.getBoolean("rootKeyFound"), certificate::toString);
        isHeldByTheTrail(certificate.getJsonObject("trail"));

        server.kill();
        server.start();
        assertEquals("DESTROYED", left.get().getString("state"));
    }

    private void isHeldByTheTrail(JsonObject head) {
        long number = head.getJsonNumber("block").longValue();
        assertEquals(
                rows.texts("select line from vault.audit_block where number = ?", number),
                List.of(head.getString("line")));
        assertTrue(rows.number("select max(number) from vault.audit_block") - number < 20);
    }

    /** By Java, and by openssl where it is: the two agree. */
    private boolean verifies(JsonObject answer, byte[] signed) throws Exception {
        String pem = answer.getString("publicKey").replaceAll("-----[^-]+-----|\\s", "");
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(KeyFactory.getInstance("Ed25519")
                .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(pem))));
        verifier.update(signed);
        boolean verified = verifier.verify(Base64.getDecoder().decode(answer.getString("signature")));
        OpenSsl openSsl = new OpenSsl(directory);
        if (openSsl.isThere()) {
            assertEquals(verified, openSsl.verifies(answer, signed));
        } else {
            System.out.println("Skipped: there is no OpenSSL 3 to verify a certificate with");
        }
        return verified;
    }

    @Test
    void isNotHeldUpByOlderOnesThatCannotGoOnAndTheLogNamesThemAll() {
        List<KeyVersion> stuck = List.of(left, leaveAnother());
        KeyVersion next = leaveAnother();
        int second = stuck.get(1).number();
        rows.change("create function vault.refuse() returns trigger language plpgsql"
                + " as 'begin raise exception ''refused''; end'");
        rows.change("create trigger obstacle before update on vault.destruction for each row when (new.version in ("
                + left.number() + ", " + second + ")) execute function vault.refuse()");
        try {
            stuck.forEach(one -> approver.beginDestruction(one.number()));
            approver.beginDestruction(next.number());
            next.await("DESTROYED");
            stuck.forEach(one -> assertEquals("REQUESTED", one.destruction().getString("state")));
            String line =
                    "(?s).*has to wait: key version " + left.number() + ": [^\n]*; key version " + second + ": .*";
            TestHome.await(
                    "the log names both", PATIENCE, () -> server.console().matches(line));
        } finally {
            rows.change("drop trigger obstacle on vault.destruction");
            rows.change("drop function vault.refuse");
        }
        stuck.forEach(one -> one.await("DESTROYED"));
    }

    @Test
    void refusesAVersionThatIsInUseAndSoDoesTheDatabase() {
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 1));
        custodian.await(rotation, "REENCRYPTING");
        custodian.steer(rotation, "cancel").expect(200);
        int used = custodian.get(rotation).getInt("fromVersion");
        JsonObject problem = version(used).ask().problem(409, "key-in-use");
        assertTrue(problem.getString("detail").matches(".*: [1-9][0-9]* rows of subject_key, .*"), problem::toString);
        JsonObject usage = version(used).usage();
        assertTrue(usage.getBoolean("used"), usage::toString);
        JsonObject references = usage.getJsonObject("references");
        assertTrue(references.getInt("subject_key") > 0 && references.getInt("service_key") > 0, usage::toString);
        SQLException refused = assertThrows(SQLException.class, () -> {
            try (var connection = server.home().superuser().getConnection();
                    var statement = connection.createStatement()) {
                statement.executeUpdate("delete from vault.key_material where version = " + used);
            }
        });
        assertEquals("23503", refused.getSQLState().replace("23001", "23503"));
        version(used + 1).ask().problem(409, "key-state");
        version(999_999).ask().problem(404, "key-version-not-found");
        assertEquals("DRAINED", custodian.rotate(Json.createObjectBuilder()).getString("state"));
    }

    @Test
    void needsTwoPeopleAndExactlyTheRequestThatWasRead() {
        String approval = left.askForApproval(true);
        left.ask().problem(409, "destruction-in-progress");
        approver.approve(approval, "0".repeat(64)).problem(409, "request-hash-differs");
        SQLException refused = assertThrows(SQLException.class, () -> {
            try (var connection = server.home().superuser().getConnection();
                    var statement = connection.createStatement()) {
                statement.executeUpdate("update vault.approval set state = 'APPROVED', decided_by = requested_by,"
                        + " decided_at = now(), not_before = now() where id = '" + approval + "'");
            }
        });
        assertEquals("23514", refused.getSQLState());
        rows.change("update vault.approval set requested_by = 'approver' where id = ?", UUID.fromString(approval));
        approver.approve(approval, approver.get(approval).getString("requestHash"))
                .problem(403, "own-request");
        rows.change(
                "update vault.approval set requested_by = 'key-custodian', request = request || '.' where id = ?",
                UUID.fromString(approval));
        approver.approve(approval, approver.get(approval).getString("requestHash"))
                .problem(409, "request-hash-differs");
        server.as("approver").post("/approvals/" + approval + ":reject").send().expect(200);
        left.await("CANCELLED");
        assertEquals("DEACTIVATED", left.get().getString("state"));
    }

    private void waitsIn(String state, String cause) {
        JsonObject waiting = left.destruction();
        assertEquals(state, waiting.getString("state"), waiting::toString);
        assertTrue(waiting.getJsonArray("waitingFor").contains(Json.createValue(cause)), waiting::toString);
    }

    /** The new words, if they counted, would do without the backups that it waits for. */
    @Test
    void deletesNothingWhenTheRequestWasChangedAfterItsApproval() {
        String approval = askAndApprove(false);
        left.await("WAITING");
        UUID id = UUID.fromString(approval);
        String words = rows.texts("select request from vault.approval where id = ?", id)
                .get(0);
        rows.change(
                "update vault.approval set request = request || ' No newer registered backup is waited for.' where id = ?",
                id);
        try {
            waitsIn("WAITING", "The request was changed after it was made");
            TestHome.pause(Duration.ofSeconds(3));
            waitsIn("WAITING", "The request was changed after it was made");
            assertEquals(1, rows.number("select count(*) from vault.key_material where version = ?", left.number()));
        } finally {
            rows.change("update vault.approval set request = ? where id = ?", words, id);
            server.as("key-custodian")
                    .post("/approvals/" + approval + ":cancel")
                    .send()
                    .expect(200);
        }
        left.await("CANCELLED");
    }

    @Test
    void signsNoCertificateWhileANodeHoldsTheKey() {
        SilentNode.holding(rows, left.number(), () -> {
            String approval = askAndApprove(true);
            left.await("ROOT_KEY_GONE");
            server.as("key-custodian")
                    .post("/approvals/" + approval + ":cancel")
                    .send()
                    .problem(409, "approval-state");
            waitsIn("ROOT_KEY_GONE", "the node silent to forget the key");
            TestHome.pause(Duration.ofSeconds(3));
            waitsIn("ROOT_KEY_GONE", "the node silent to forget the key");
            server.as("auditor")
                    .get("/keys/" + left.number() + "/certificate")
                    .send()
                    .problem(404, "certificate-not-found");
        });
        left.await("DESTROYED");
    }

    @Test
    void failsWhenARowDoesNotOpenUnderTheKeyThatItNames() {
        Stored damaged = server.as("enroller").store(UUID.randomUUID(), OPEN, new byte[] {1});
        String flip = "update vault.template set envelope = set_byte(envelope, 40, get_byte(envelope, 40) # 1)"
                + " where id = ?";
        rows.change(flip, damaged.template());
        askAndApprove(true);
        JsonObject failed = left.await("FAILED");
        assertTrue(failed.getString("failure").contains(damaged.subject().toString()), failed::toString);
        assertEquals("DEACTIVATED", left.get().getString("state"));
        assertEquals("CANCELLED", failed.getJsonObject("approval").getString("state"), "nothing can carry it out");
        rows.change(flip, damaged.template());
        askAndApprove(true);
        left.await("DESTROYED");
    }

    @Tag("nightly")
    @Test
    void goesOnAfterAKillAtAnyStep() {
        askAndApprove(false);
        left.await("WAITING");
        server.kill();
        server.start();
        left.await("WAITING");
        register("database", Instant.now());
        register("keystore", Instant.now());
        TestHome.await(
                "the key is gone",
                PATIENCE,
                () -> rows.number("select count(*) from vault.key_material where version = ?", left.number()) == 0);
        server.kill();
        server.start();
        left.await("DESTROYED");
    }

    /** A file that was lost is not destroyed: somebody may have it. */
    @Test
    void saysThatItHasNotFoundTheRootKey() throws Exception {
        keytool("-delete", "-alias", alias());
        askAndApprove(true);
        left.await("DESTROYED");
        assertFalse(
                left.certificate().getBoolean("rootKeyFound"),
                () -> left.certificate().toString());
    }

    @Test
    @Tag("nightly")
    void raisesAnAlarmWhenADestroyedRootKeyComesBackWithAnOldCopyOfTheKeyStore() throws Exception {
        Path file = server.home().directory().resolve("keystore.p12");
        Path copy = server.home().directory().resolve("keystore-old.p12");
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        approver.destroy(left.number());
        assertEquals(0, destroyedRootKeys());
        Files.move(copy, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        custodian.rotate(Json.createObjectBuilder());
        TestHome.await("health says it", PATIENCE, () -> destroyedRootKeys() == 1);
        assertEquals(1, alarms());
        assertTrue(metrics().contains("vault_destroyed_root_keys{mp_scope=\"application\",} 1.0"), "no metric");

        server.stop();
        server.start();
        assertEquals(2, alarms());
        assertEquals(1, destroyedRootKeys());

        keytool("-delete", "-alias", alias());
        custodian.rotate(Json.createObjectBuilder());
        TestHome.await("health says that it is gone", PATIENCE, () -> destroyedRootKeys() == 0);
        assertEquals(2, alarms());
    }

    private int destroyedRootKeys() {
        return server
                .client()
                .callOutside("GET", "/health/ready")
                .send()
                .expect(200)
                .json()
                .getJsonArray("checks")
                .getValuesAs(JsonObject.class)
                .stream()
                .filter(check -> check.getString("name").equals("key-store"))
                .findFirst()
                .orElseThrow()
                .getJsonObject("data")
                .getInt("destroyedRootKeys");
    }

    private long alarms() {
        return server.console()
                .lines()
                .filter(line -> line.contains(
                        "the destroyed key version " + left.number() + " is in the key store again: " + alias()))
                .count();
    }

    private String metrics() {
        return server.as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text();
    }

    private void keytool(String... arguments) throws Exception {
        Path home = server.home().directory();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", home.resolve("keystore.p12").toString(), "-storetype", "PKCS12"));
        command.addAll(List.of("-storepass:env", "KEYSTORE_PASSWORD"));
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(home.resolve("keystore.properties"))) {
            passwords.load(reader);
        }
        builder.environment().put("KEYSTORE_PASSWORD", passwords.getProperty("keystore"));
        assertEquals(0, builder.start().waitFor());
    }
}
