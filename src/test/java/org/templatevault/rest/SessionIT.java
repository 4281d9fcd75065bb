package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.TokenIssuer;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultClient.Stored;

/** Signing in to the console, what a session may do, and how it ends. */
class SessionIT {
    private static final String SESSION = "/console/session";

    private final VaultClient nobody = SharedVault.server().client();
    private final Rows rows = new Rows(SharedVault.server().home());

    private Answer session(VaultClient client) {
        return client.callOutside("GET", SESSION).send();
    }

    private static String hash(String column, String cookie) {
        return column + " = sha256(convert_to('" + cookie.substring(cookie.indexOf('=') + 1) + "', 'UTF8'))";
    }

    private Answer signIn(String role) {
        return nobody.signIn(role, SharedVault.server().password(role)).expect(204);
    }

    @Test
    void tellsWhoIsSignedInAndUntilWhen() {
        JsonObject told = session(nobody.inSession("operator")).expect(200).json();
        assertEquals("operator", told.getString("caller"));
        assertEquals(List.of(Json.createValue("operator")), told.getJsonArray("roles"));
        assertEquals("password", told.getString("signIn"));
        Duration left = Duration.between(Instant.now(), Instant.parse(told.getString("expiresAt")));
        assertTrue(
                left.compareTo(Duration.ofMinutes(14)) > 0 && left.compareTo(Duration.ofMinutes(15)) <= 0,
                told::toString);
        session(nobody).problem(401, "not-signed-in");
    }

    @Test
    void setsACookieThatNoScriptReadsAndNoOtherSiteSends() {
        String cookie = signIn("operator").header("Set-Cookie");
        assertTrue(cookie.matches("__Host-vault=[A-Za-z0-9_-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict"), cookie);
        assertNotEquals(cookie, signIn("operator").header("Set-Cookie"));
    }

    @Test
    void givesNoCookieToThoseWhoBringAPasswordOrAToken() {
        List<VaultClient> clients = List.of(
                nobody.as("operator"),
                nobody.withAuthorization(SharedVault.issuer().bearer(TokenIssuer.claims("somebody", "operator"))),
                nobody.withPassword("operator", "wrong"),
                nobody);
        for (VaultClient client : clients) {
            for (String path : List.of("/api/v1/keys", "/openapi", "/console/", SESSION)) {
                Answer answer = client.callOutside("GET", path).send();
                assertEquals("", answer.header("Set-Cookie"), answer::toString);
            }
        }
    }

    @Test
    void looksForNoSessionWhereTheRequestHasOtherCredentials() {
        VaultClient both = nobody.inSession("operator").as("enroller");
        both.get("/keys").send().problem(403, "forbidden");
        both.withPassword("operator", "wrong").get("/keys").send().problem(401);
        nobody.as("key-custodian")
                .post("/rotations/" + UUID.randomUUID() + ":pause")
                .send()
                .problem(404);
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /rotations",
        "PATCH, /rotations/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54",
        "PUT, /schedules/rotation",
        "DELETE, /subjects/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54/hold",
        "POST, /nothere"
    })
    void refusesToChangeAnythingWithoutTheSessionsToken(String method, String path) {
        VaultClient session = nobody.inSession("operator");
        String others = session(nobody.inSession("operator")).json().getString("csrf");
        for (String wrong : List.of("", "x", others)) {
            session.with("X-CSRF-Token", wrong).call(method, path).send().problem(403, "csrf-token-missing");
        }
        nobody.with("Cookie", signIn("operator").cookies())
                .call(method, path)
                .send()
                .problem(403, "csrf-token-missing");
        assertFalse(session.call(method, path).send().text().contains("csrf-token-missing"));
    }

    @Test
    void doesNothingForARequestWithoutTheToken() {
        long before = rows.number("select count(*) from vault.copy");
        String body =
                "{\"kind\":\"database\",\"name\":\"x\",\"takenAt\":\"2026-01-01T00:00:00Z\",\"expiresAt\":\"2036-01-01T00:00:00Z\"}";
        nobody.with("Cookie", signIn("operator").cookies())
                .post("/copies")
                .json(body)
                .send()
                .expect(403);
        assertEquals(before, rows.number("select count(*) from vault.copy"));
    }

    @Test
    void signsOutAtOnceAndTellsTheBrowserToForgetTheCookie() {
        VaultClient session = nobody.inSession("operator");
        session.get("/keys").send().expect(200);
        nobody.with("Cookie", signIn("operator").cookies())
                .callOutside("DELETE", SESSION)
                .send()
                .problem(403, "csrf-token-missing");
        Answer out = session.callOutside("DELETE", SESSION).send().expect(204);
        assertEquals("__Host-vault=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict", out.header("Set-Cookie"));
        session.get("/keys").send().problem(401, "not-signed-in");
        session(session).problem(401, "not-signed-in");
        session.callOutside("DELETE", SESSION).send().expect(204);
    }

    @Test
    void endsTheOldSessionWhenSomebodySignsInAnew() {
        VaultClient old = nobody.inSession("operator");
        old.signIn("auditor", SharedVault.server().password("auditor")).expect(204);
        session(old).problem(401, "not-signed-in");
    }

    /** Otherwise one person is two, or keeps for ever what the registry has taken away. */
    @Test
    void takesNoRoleOverFromTheSessionBefore() {
        VaultClient operator = nobody.inSession("operator");
        String cookie = operator.signIn("auditor", SharedVault.server().password("auditor"))
                .expect(204)
                .header("Set-Cookie");
        JsonObject session = nobody.callOutside("GET", "/console/session")
                .header("Cookie", cookie.substring(0, cookie.indexOf(';')))
                .send()
                .expect(200)
                .json();
        assertEquals("auditor", session.getString("caller"));
        assertEquals("[\"auditor\"]", session.getJsonArray("roles").toString());
    }

    @Test
    void endsASessionThatNobodyUses() {
        String cookie = signIn("operator").cookies();
        VaultClient session = nobody.with("Cookie", cookie);
        setBack(cookie, "used_at", "14 minutes");
        session(session.with("X-Console", "poll")).expect(200);
        setBack(cookie, "used_at", "2 minutes");
        session.get("/keys").send().problem(401, "not-signed-in");
    }

    @Test
    void goesOnWhileSomebodyDoesSomethingButNotByAPollOfThePage() {
        String cookie = signIn("operator").cookies();
        VaultClient session = nobody.with("Cookie", cookie);
        setBack(cookie, "used_at", "14 minutes");
        session.with("X-Console", "poll").get("/keys").send().expect(200);
        Instant polled =
                Instant.parse(session(session.with("X-Console", "poll")).json().getString("expiresAt"));
        assertTrue(polled.isBefore(Instant.now().plusSeconds(61)), polled::toString);
        session.with("X-Console", "1").get("/keys").send().expect(200);
        Instant used = Instant.parse(session(session).json().getString("expiresAt"));
        assertTrue(used.isAfter(Instant.now().plusSeconds(14 * 60)), used::toString);
    }

    private void setBack(String cookie, String column, String by) {
        assertEquals(
                1,
                rows.change("update vault.console_session set " + column + " = " + column + " - interval '" + by
                        + "' where " + hash("token_hash", cookie)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "roles = 'eraser approver'",
                "caller = 'auditor'",
                "sign_in = 'openid'",
                "ends_at = ends_at + interval '1 day'",
                "signed_in_at = signed_in_at + interval '1 day'",
                "tag = sha256(tag)"
            })
    void takesNoSessionThatSomebodyChangedInTheDatabase(String change) {
        String cookie = signIn("operator").cookies();
        rows.change("update vault.console_session set " + change + " where " + hash("token_hash", cookie));
        session(nobody.with("Cookie", cookie)).problem(401, "not-signed-in");
    }

    @Test
    void takesNoSessionThatSomebodyWroteIntoTheDatabase() {
        String cookie = signIn("operator").cookies();
        String forged = "__Host-vault=forged" + UUID.randomUUID();
        rows.change("insert into vault.console_session (token_hash, caller, roles, sign_in, signed_in_at, ends_at,"
                + " used_at, tag) select " + hash("", forged).substring(3)
                + ", caller, roles, sign_in, signed_in_at, ends_at, used_at, tag from vault.console_session"
                + " where "
                + hash("token_hash", cookie));
        session(nobody.with("Cookie", forged)).problem(401, "not-signed-in");
        session(nobody.with("Cookie", cookie)).expect(200);
    }

    @Test
    void keepsNeitherCookieNorPasswordInTheDatabase() {
        String cookie = signIn("operator").cookies();
        String all = String.join("", rows.texts("select s::text from vault.console_session s"));
        String token = cookie.substring(cookie.indexOf('=') + 1);
        assertFalse(all.contains(token));
        assertFalse(all.contains(SharedVault.server().password("operator")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "__Host-vault=",
                "__Host-vault=x",
                "vault=x",
                "__Host-vault=a; __Host-vault=b",
                "JSESSIONID=x; LtpaToken2=y"
            })
    void knowsNobodyByAnotherCookie(String cookie) {
        nobody.with("Cookie", cookie).get("/keys").send().problem(401, "not-signed-in");
    }

    @Test
    void refusesAWrongPasswordAndAnUnknownNameAlike() {
        for (String user : List.of("operator", "nobody", "system", "' or 1=1")) {
            String answer = nobody.raw(signInBy(user, "wrong"), "127.0.0.69");
            assertTrue(answer.startsWith("HTTP/1.1 401"), answer);
            assertEquals(
                    "{\"type\":\"urn:template-vault:problem:not-signed-in\",\"title\":\"Unauthorized\",\"status\":401,"
                            + "\"code\":\"not-signed-in\"}",
                    answer.substring(answer.indexOf("\r\n\r\n") + 4));
            assertFalse(answer.contains("Set-Cookie") || answer.contains("WWW-Authenticate"), answer);
        }
    }

    static List<String> bodiesThatAreNoSignIn() {
        return List.of(
                "",
                "x",
                "[]",
                "{\"user\":1,\"password\":2}",
                "{\"user\":\"operator\"}",
                "user=operator&password=x",
                "{\"user\":" + "[".repeat(2000));
    }

    @ParameterizedTest
    @MethodSource("bodiesThatAreNoSignIn")
    void refusesABodyThatIsNoSignIn(String body) {
        for (int i = 0; i < 10; i++) {
            nobody.callOutside("POST", SESSION).json(body).send().problem(400, "malformed-json");
        }
        signIn("operator");
    }

    @Test
    void takesJsonOnlyWhichAFormOfAnotherSiteCannotSend() {
        JsonObject right = Json.createObjectBuilder()
                .add("user", "operator")
                .add("password", SharedVault.server().password("operator"))
                .build();
        for (String type :
                List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")) {
            Answer answer = nobody.callOutside("POST", SESSION)
                    .body(type, right.toString().getBytes(StandardCharsets.UTF_8))
                    .send();
            answer.problem(400, "malformed-json");
            assertEquals("", answer.header("Set-Cookie"));
        }
        nobody.callOutside("POST", SESSION)
                .json(" ".repeat(5000) + right)
                .send()
                .problem(400, "malformed-json");
    }

    @Test
    void makesAnAddressThatGuessesWaitAndNoOther() {
        String guess = signInBy("operator", "wrong");
        String right = signInBy("operator", SharedVault.server().password("operator"));
        for (int i = 0; i < 5; i++) {
            assertTrue(nobody.raw(guess, "127.0.0.66").startsWith("HTTP/1.1 401"));
        }
        String braked = "";
        for (int i = 0; i < 6 && !braked.startsWith("HTTP/1.1 429"); i++) {
            nobody.raw(guess, "127.0.0.66");
            braked = nobody.raw(right, "127.0.0.66");
        }
        assertTrue(braked.startsWith("HTTP/1.1 429") && braked.contains("too-many-attempts"), braked);
        assertTrue(nobody.raw(right, "127.0.0.67").startsWith("HTTP/1.1 204"));
        int seconds = Integer.parseInt(braked.replaceAll("(?s).*Retry-After: (\\d+).*", "$1"));
        TestHome.pause(Duration.ofSeconds(seconds));
        assertTrue(nobody.raw(right, "127.0.0.66").startsWith("HTTP/1.1 204"));
    }

    private static String signInBy(String user, String password) {
        String body = "{\"user\":\"" + user + "\",\"password\":\"" + password + "\"}";
        return "POST /console/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\nConnection: close\r\n\r\n" + body;
    }

    @Test
    void tellsTheTrailOfSignInsAndOfSignOuts() {
        Instant before = Instant.now().minusSeconds(1);
        VaultClient session = nobody.inSession("approver");
        session.callOutside("DELETE", SESSION).send().expect(204);
        for (String action : List.of("POST " + SESSION, "DELETE " + SESSION)) {
            List<JsonObject> entries = entries(
                    before, "line::json ->> 'action' = '" + action + "' and line::json ->> 'caller' = 'approver'");
            assertEquals(1, entries.size(), entries::toString);
            assertEquals("allowed", entries.get(0).getString("outcome"));
            assertEquals("approver", entries.get(0).getJsonArray("roles").getString(0));
        }
    }

    private List<JsonObject> entries(Instant since, String where) {
        return rows.texts("select line from vault.audit_entry where at > '" + since + "' and " + where).stream()
                .map(line -> Json.createReader(new StringReader(line)).readObject())
                .toList();
    }

    @Test
    void writesTheCallerOfASessionIntoTheTrailLikeAnyOther() {
        String request = "session-" + UUID.randomUUID();
        nobody.inSession("auditor")
                .get("/keys")
                .header("X-Request-Id", request)
                .send()
                .expect(200);
        JsonObject entry = entries(Instant.EPOCH, "line::json ->> 'request' = '" + request + "'")
                .get(0);
        assertEquals("auditor", entry.getString("caller"));
        assertEquals("auditor", entry.getJsonArray("roles").getString(0));
    }

    /** Whatever the path and however it is asked for; the content's own paths are refused by their own code. */
    @Test
    void givesNoByteOfATemplateToASession() {
        byte[] template = IsoTemplates.fingerprint(40, 77);
        Stored stored = SharedVault.as("enroller").store(UUID.randomUUID(), template);
        String item =
                "{\"items\":[{\"subject\":\"" + stored.subject() + "\",\"template\":\"" + stored.template() + "\"}]}";
        VaultClient session = nobody.inSession("reader");
        Set<String> refused = new TreeSet<>();
        for (RoleIT.Endpoint endpoint : RoleIT.endpoints()) {
            for (String accept : List.of("application/octet-stream", "application/json")) {
                var call = session.call(endpoint.method(), endpoint.concrete(stored.subject(), stored.template()))
                        .header("X-Purpose", "verification")
                        .header("Accept", accept);
                boolean hasBody =
                        !endpoint.method().equals("GET") && !endpoint.method().equals("DELETE");
                Answer answer = hasBody ? call.json(item).send() : call.send();
                holdsNone(template, endpoint.name(), answer);
                if (answer.text().contains("content-refused")) {
                    answer.problem(403, "content-refused");
                    refused.add(endpoint.name());
                }
            }
        }
        assertEquals(
                Set.of("GET /subjects/{subject}/templates/{template}/content", "POST /templates:batchGet"), refused);
        assertEquals(200, SharedVault.as("reader").read(stored).status());
    }

    private static void holdsNone(byte[] template, String endpoint, Answer answer) {
        String raw = new String(answer.bytes(), StandardCharsets.ISO_8859_1);
        String bytes = new String(template, 30, 60, StandardCharsets.ISO_8859_1);
        String base64 = Base64.getEncoder().encodeToString(template).substring(40, 120);
        assertFalse(raw.contains(bytes) || raw.contains(base64), () -> endpoint + " " + answer.status());
    }

    @Test
    void asksABrowserForAPasswordOnlyWhereNoPageDoes() {
        assertTrue(nobody.get("/keys").send().header("WWW-Authenticate").startsWith("Basic"));
        assertEquals("", nobody.get("/keys").header("X-Console", "1").send().header("WWW-Authenticate"));
        assertEquals(
                "",
                nobody.with("Cookie", "__Host-vault=over")
                        .get("/keys")
                        .header("X-Console", "poll")
                        .send()
                        .header("WWW-Authenticate"));
        nobody.get("/keys").header("X-Console", "1").send().problem(401, "not-signed-in");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/console/",
                "/console/sign-in.html",
                "/console/js/sign-in.js",
                "/console/css/sign-in.css",
                "/console/nothere",
                "/console/session",
                "/console"
            })
    void confinesEveryPage(String path) {
        Answer answer = nobody.callOutside("GET", path).send();
        assertEquals(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src"
                        + " 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
                        + " require-trusted-types-for 'script'; trusted-types 'none'",
                answer.header("Content-Security-Policy"));
        assertEquals("nosniff", answer.header("X-Content-Type-Options"));
        assertEquals("no-referrer", answer.header("Referrer-Policy"));
        assertEquals("same-origin", answer.header("Cross-Origin-Opener-Policy"));
        assertEquals("same-origin", answer.header("Cross-Origin-Resource-Policy"));
    }

    @Test
    void servesFilesThatABrowserAsksAgainForAndPagesThatItDoesNotKeep() {
        assertEquals(
                "/console/",
                nobody.callOutside("GET", "/console").send().expect(308).header("Location"));
        Answer page = nobody.callOutside("GET", "/console/sign-in.html").send().expect(200);
        assertEquals("no-store", page.header("Cache-Control"));
        assertEquals("text/html; charset=utf-8", page.header("Content-Type").toLowerCase(java.util.Locale.ROOT));
        Answer style =
                nobody.callOutside("GET", "/console/css/sign-in.css").send().expect(200);
        assertEquals("no-cache", style.header("Cache-Control"));
        nobody.callOutside("GET", "/console/css/sign-in.css")
                .header("If-None-Match", style.header("ETag"))
                .send()
                .expect(304);
        Answer unknown = nobody.callOutside("GET", "/console/nothere").send().expect(404);
        assertTrue(unknown.text().contains("href=\"/console/\""), unknown::text);
        nobody.callOutside("POST", "/console/").send().problem(405, "method-not-allowed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/console/..",
                "/console/../WEB-INF/web.xml",
                "/console/%2e%2e/WEB-INF/web.xml",
                "/console//WEB-INF/web.xml",
                "/console/js/",
                "/console/js",
                "/console/;c4n4ry"
            })
    void servesNothingElse(String path) {
        String answer = nobody.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assertFalse(answer.contains("web-app") || answer.contains("c4n4ry"), answer);
        assertTrue(answer.startsWith("HTTP/1.1 4") || answer.contains("Template Vault"), answer);
    }

    @Test
    void letsAnOperatorsSessionReadTheApisDescription() {
        nobody.inSession("operator").callOutside("GET", "/openapi").send().expect(200);
        nobody.inSession("reader").callOutside("GET", "/openapi").send().problem(403, "forbidden");
    }
}
