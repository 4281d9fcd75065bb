package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.FaultyLibrary;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SoftToken;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient.Stored;
import org.templatevault.testing.VaultServer;

/** Root keys in a token: while it is there, while it is away, and on the way from and to the file. */
@Tag("long")
class TokenIT {
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static int homes;

    private final Map<Stored, byte[]> acknowledged = new LinkedHashMap<>();
    private TestHome home;
    private SoftToken token;
    private VaultServer server;
    private Custodian custodian;
    private Rows rows;

    @BeforeEach
    void prepare() {
        SoftToken.requireInstalled();
        home = TestHome.create("token-" + ++homes);
        token = SoftToken.create(home.directory().resolve("softhsm2.conf"), home.directory());
        server = token.knownTo(VaultServer.on(home)).variable("VAULT_APPROVAL_WAIT_MINUTES", "0");
        custodian = new Custodian(server);
        rows = new Rows(home);
    }

    @AfterEach
    void stop() {
        server.close();
        home.close();
    }

    private void restart(String keyStore) {
        server.close();
        server.variable("VAULT_KEYSTORE", keyStore).start();
    }

    private void refusesToStart(int exitCode, String sentence) {
        server.close();
        int before = server.console().length();
        assertEquals(exitCode, server.launch().awaitExit(PATIENCE), server::console);
        String console = server.console().substring(before);
        assertTrue(console.contains("Template Vault refuses to start: " + sentence), console);
        assertFalse(console.contains(SoftToken.PIN), "the PIN was logged");
    }

    private void store(int howMany) {
        for (int i = 0; i < howMany; i++) {
            byte[] bytes = TemplateDocument.noise(200 + i, acknowledged.size());
            acknowledged.put(server.as("enroller").store(UUID.randomUUID(), OPEN, bytes), bytes);
        }
    }

    private void everyTemplateOpens() {
        acknowledged.forEach((stored, bytes) -> assertArrayEquals(
                bytes, server.as("reader").read(stored).expect(200).bytes()));
        assertEquals(List.of(), Invariants.broken(rows));
    }

    private void rotate() {
        JsonObject ended = custodian.rotate(Json.createObjectBuilder());
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
    }

    private String keyStoreOfTheActiveVersion() {
        return rows.texts("select key_store from vault.key_version where state = 'ACTIVE'")
                .get(0);
    }

    private boolean healthSaysReachable() {
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
                .allMatch(check -> check.getJsonObject("data").getBoolean("PKCS11"));
    }

    @Test
    void servesWhileTheTokenIsAwayAndMovesToTheFileAndBackByRotations() {
        restart("token");
        store(20);
        rotate();
        assertEquals("PKCS11", keyStoreOfTheActiveVersion());
        destroysInTheToken(1);
        goesOnByItselfAfterTheTokenWasAway();

        token.takeAway();
        refusesToStart(75, "VAULT_PKCS11_TOKEN: no token is labelled");
        token.bringBack();
        assertFalse(Files.exists(home.directory().resolve("keystore.p12")));

        for (String[] move : new String[][] {{"file", "PKCS12"}, {"token", "PKCS11"}}) {
            restart(move[0]);
            everyTemplateOpens();
            rotate();
            assertEquals(move[1], keyStoreOfTheActiveVersion());
            store(5);
            everyTemplateOpens();
        }
    }

    private void goesOnByItselfAfterTheTokenWasAway() {
        assertTrue(healthSaysReachable());
        token.takeAway();
        store(5);
        everyTemplateOpens();
        long versions = rows.number("select count(*) from vault.key_version");
        String rotation = custodian.start();
        TestHome.await("the token is missed", PATIENCE, () -> !healthSaysReachable());
        TestHome.pause(Duration.ofSeconds(5));
        JsonObject waiting = custodian.get(rotation);
        assertEquals("REQUESTED", waiting.getString("state"));
        assertTrue(waiting.getJsonArray("waitingFor").toString().contains("VAULT_PKCS11_TOKEN"), waiting::toString);
        assertEquals(versions, rows.number("select count(*) from vault.key_version"));
        store(5);
        everyTemplateOpens();
        token.bringBack();
        assertEquals("DRAINED", custodian.end(rotation).getString("state"));
        assertTrue(healthSaysReachable());
        everyTemplateOpens();
    }

    /** The starts and rotations that follow do without it. */
    private void destroysInTheToken(int version) {
        String alias = rows.texts("select root_key_alias from vault.key_version where version = ?", version)
                .get(0);
        List<String> before = token.aliases();
        assertTrue(before.contains(alias), before::toString);
        new Approver(server).destroy(version);
        assertEquals(before.stream().filter(each -> !each.equals(alias)).toList(), token.aliases());
        assertEquals(before.size() - 1, token.objects());
        everyTemplateOpens();
    }

    /** A token that is gone for good takes no root key away any more, and what is deleted before is not brought back. */
    @Test
    @Tag("nightly")
    void deletesNothingOfAVersionWhileTheTokenWithItsRootKeyIsAway() {
        restart("token");
        store(5);
        assertFalse(overview().contains("key-store-unreachable"), "there is no file, and nothing needs one");
        restart("file");
        rotate();
        KeyVersion left = new KeyVersion(server, 1);
        token.takeAway();
        new Approver(server).beginDestruction(left.number());
        TestHome.await(
                "it waits for the token",
                PATIENCE,
                () -> left.destruction()
                        .getJsonArray("waitingFor")
                        .contains(Json.createValue("the key store to answer")));
        TestHome.await("the overview has it", PATIENCE, () -> overview().contains("key-store-unreachable"));
        TestHome.pause(Duration.ofSeconds(3));
        assertEquals("WAITING", left.destruction().getString("state"));
        assertEquals(1, rows.number("select count(*) from vault.key_material where version = 1"));
        token.bringBack();
        left.await("DESTROYED");
        assertTrue(
                left.certificate().getBoolean("rootKeyFound"),
                () -> left.certificate().toString());
        everyTemplateOpens();
    }

    private String overview() {
        return server.as("operator").get("/overview").send().expect(200).text();
    }

    @Test
    @Tag("nightly")
    void servesAndWaitsWhileACallToTheTokenDoesNotReturn() throws Exception {
        FaultyLibrary library = FaultyLibrary.before(token.settings().path(), home.directory());
        server.variable("VAULT_PKCS11_LIBRARY", library.path());
        restart("token");
        store(10);
        library.hang();
        String rotation = custodian.start();
        TestHome.await(
                "it says what it waits for",
                PATIENCE,
                () -> custodian
                        .get(rotation)
                        .toString()
                        .contains(
                                "\"waitingFor\":[\"the key store of node-a (VAULT_PKCS11_LIBRARY), whose log says why\"]"));
        assertFalse(healthSaysReachable());
        refusesAtOnceWhatNeedsTheToken();
        store(10);
        everyTemplateOpens();
        assertEquals("REQUESTED", custodian.get(rotation).getString("state"));
        assertEquals(1, library.calls(), "calls that were let in");
        assertEquals(1, threadsOfTheToken());
        assertTrue(server.console().contains("a call to " + SoftToken.LABEL + " does not return"), server::console);

        library.goOn();
        JsonObject ended = custodian.end(rotation);
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertTrue(healthSaysReachable());
        everyTemplateOpens();
    }

    /** What it makes and cannot use must not fill it, try after try. */
    @Test
    @Tag("nightly")
    void leavesNoRootKeyThatItCouldNotWrapWith() throws Exception {
        FaultyLibrary library = FaultyLibrary.before(token.settings().path(), home.directory());
        server.variable("VAULT_PKCS11_LIBRARY", library.path());
        restart("token");
        long before = token.objects();
        library.fail(FaultyLibrary.Function.C_EncryptInit, 0x70, false); // CKR_MECHANISM_INVALID
        String rotation = custodian.start();
        TestHome.pause(Duration.ofSeconds(10));
        library.mend();
        JsonObject ended = custodian.end(rotation);
        assertEquals("DRAINED", ended.getString("state"), ended::toString);
        assertEquals(before + 1, token.objects(), "the key of the new version");
    }

    /** A version that another node has made: this one would have to ask the token for it. */
    private void refusesAtOnceWhatNeedsTheToken() throws Exception {
        Stored one = acknowledged.keySet().iterator().next();
        copyOfVersionOne("key_version", "{\"version\":99,\"state\":\"PRE_ACTIVE\"}");
        copyOfVersionOne("key_material", "{\"version\":99}");
        rows.change("update vault.subject_key set kek_version = 99 where subject_id = ?", one.subject());
        var threads = Executors.newFixedThreadPool(20);
        List<Callable<Answer>> reads =
                Collections.nCopies(100, () -> server.as("reader").read(one));
        Instant from = Instant.now();
        List<Future<Answer>> answers = threads.invokeAll(reads);
        Duration all = Duration.between(from, Instant.now());
        threads.shutdown();
        for (Future<Answer> answer : answers) {
            JsonObject problem = answer.get().problem(503, "key-store-unavailable");
            assertEquals("The key store is not available; the log says why", problem.getString("detail"));
        }
        assertTrue(all.compareTo(Duration.ofSeconds(8)) < 0, () -> "100 refusals took " + all);
        rows.change("update vault.subject_key set kek_version = 1 where subject_id = ?", one.subject());
        rows.change("delete from vault.key_material where version = 99");
        rows.change("delete from vault.key_version where version = 99");
    }

    private void copyOfVersionOne(String table, String changes) {
        rows.change(
                "insert into vault." + table + " select (json_populate_record(v, ?::json)).* from vault." + table
                        + " v where version = 1",
                changes);
    }

    private long threadsOfTheToken() throws IOException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(server.pid()),
                        "Thread.print")
                .redirectErrorStream(true)
                .start();
        String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.contains("\"main\""), said);
        return said.lines().filter(line -> line.startsWith("\"vault-token\"")).count();
    }
}
