package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient;

/** What is not the API: never the server's own page, a stack trace or an echo. */
class UnknownPathIT {
    private static final List<String> TELLTALES = List.of(
            "c4n4ry",
            "liberty",
            "websphere",
            "ibm",
            "srve",
            "cwwk",
            "cwwwc",
            "context root",
            "exception",
            "\tat ",
            "org.templatevault",
            "jakarta",
            "<html");

    private static void tellsNothing(String answer) {
        String lower = answer.toLowerCase(Locale.ROOT);
        for (String telltale : TELLTALES) {
            assertFalse(lower.contains(telltale), () -> telltale + " in " + answer);
        }
    }

    private static void tellsNothing(Answer answer) {
        tellsNothing(answer.text());
        assertFalse(answer.headers().contains("c4n4ry"), answer::headers);
        assertFalse(answer.headers().toLowerCase(Locale.ROOT).contains("liberty"), answer::headers);
        assertEquals("", answer.header("X-Powered-By"));
        assertEquals("", answer.header("Server"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/nothere",
                "/c4n4ry",
                "/api",
                "/api/",
                "/api/v1",
                "/api/v1/",
                "/api/v1/c4n4ry",
                "/api/v2/subjects",
                "/api/v1/subjects/c4n4ry",
                "/api/v1/subjects;c4n4ry=1",
                "/index.html",
                "/problem",
                "/WEB-INF/web.xml",
                "/META-INF/persistence.xml",
                "/favicon.ico",
                "/?c4n4ry=<script>alert(1)</script>",
                "//c4n4ry",
                "/health/c4n4ry"
            })
    void answersAnythingElseWithAPlainRefusal(String path) {
        for (String method : List.of("GET", "POST", "DELETE")) {
            String answer = SharedVault.server()
                    .client()
                    .raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                            + "Connection: close\r\n\r\n");
            int status = Integer.parseInt(answer.substring(9, 12));
            assertTrue(status >= 400 && status < 500, answer);
            tellsNothing(answer);
        }
    }

    /** The web container answers these itself, before an application or its error pages are asked. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/c4n4ry/../../c4n4ry",
                "/%00",
                "/%00c4n4ry",
                "/..%2f",
                "/..%2fc4n4ry",
                "/%2e%2e/c4n4ry",
                "/%c0%af",
                "/%zz",
                "/api/v1/%00",
                "/api/v1/..%2f",
                "/api/v1/subjects/%2e%2e/templates",
                "/api/v1/subjects/..%5c"
            })
    void tellsNothingAboutAnAddressThatIsNone(String path) {
        String answer = malformed(path);
        assertTrue(answer.startsWith("HTTP/1.1 4"), answer);
        tellsNothing(answer);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%00<script>", "/..%2f<script>", "/%zz\"'<b>", "/../../<b>"})
    void neitherRunsNorTracesWhatAnAddressHolds(String path) {
        String answer = malformed(path).toLowerCase(Locale.ROOT);
        assertTrue(answer.startsWith("http/1.1 4"), answer);
        for (String telltale : List.of("<script", "<b>", "exception", "\tat ", "org.templatevault", "com.ibm")) {
            assertFalse(answer.contains(telltale), answer);
        }
    }

    private static String malformed(String path) {
        return SharedVault.server()
                .client()
                .raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/nothere", "/api/v1/nothere", "/api/v2", "/index.html"})
    void answersWithAProblemDocument(String path) {
        Answer answer = SharedVault.as("reader").callOutside("GET", path).send();
        answer.problem(404, "not-found");
        tellsNothing(answer);
    }

    @Test
    void answersAMethodThatNobodyKnowsWithAPlainRefusal() {
        for (String method : List.of("TRACE", "CONNECT", "PROPFIND", "C4N4RY")) {
            String answer = SharedVault.server()
                    .client()
                    .raw(method + " /api/v1/subjects HTTP/1.1\r\nHost: localhost\r\nX-Canary: c4n4ry\r\n"
                            + "Connection: close\r\n\r\n");
            tellsNothing(answer.replace("C4N4RY", "c4n4ry"));
            assertTrue(answer.startsWith("HTTP/1.1 4") || answer.startsWith("HTTP/1.1 5"), answer);
        }
    }

    /** A method is any word that the caller likes. */
    @Test
    void tellsTheTrailAndTheLogOfAMethodThatNobodyKnowsWithoutItsName() throws IOException {
        String method = "M3TH0D" + Long.toString(System.nanoTime(), 36).toUpperCase(Locale.ROOT);
        String requestId = "methods-" + method.toLowerCase(Locale.ROOT);
        for (VaultClient client :
                List.of(SharedVault.server().client(), SharedVault.as("reader"), SharedVault.as("operator"))) {
            for (String path : List.of(
                    "/api/v1/subjects",
                    "/api/v1/subjects/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54",
                    "/api/v1/nothere",
                    "/console/session",
                    "/nothere")) {
                String authorization = client.authorization();
                String answer = client.raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                        + (authorization.isEmpty() ? "" : "Authorization: " + authorization + "\r\n")
                        + "X-Request-Id: " + requestId + "\r\nConnection: close\r\n\r\n");
                assertTrue(answer.startsWith("HTTP/1.1 4") || answer.startsWith("HTTP/1.1 5"), answer);
            }
        }
        Rows rows = new Rows(SharedVault.server().home());
        assertEquals(
                List.of("OTHER none"),
                rows.texts(
                        "select distinct action from vault.audit_entry where line::jsonb ->> 'request' = ?",
                        requestId));
        String log = Files.readString(SharedVault.server().logs().resolve("messages.log"));
        String told = log.lines().filter(line -> line.contains(requestId)).collect(Collectors.joining("\n"));
        assertTrue(told.contains("method=OTHER route=none status=405"), told);
        assertFalse(log.contains(method), told);
        assertFalse(SharedVault.server().console().contains(method));
    }

    @Test
    void answersARequestThatIsNoHttpWithoutAPage() {
        for (String request : List.of(
                "c4n4ry\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + "a".repeat(40_000) + "\r\nConnection: close\r\n\r\n",
                "POST /api/v1/subjects HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n")) {
            tellsNothing(SharedVault.server().client().raw(request));
        }
    }

    @Test
    void tellsHealthToEverybodyAndNothingMore() {
        for (String path : List.of("/health", "/health/ready", "/health/live", "/health/started")) {
            Answer answer =
                    SharedVault.server().client().callOutside("GET", path).send();
            assertEquals(200, answer.status(), path);
            assertFalse(answer.text().contains("jdbc"), answer::toString);
        }
    }

    @Test
    void keepsMetricsAndTheServersOwnPagesFromNobodyAndFromOtherRoles() {
        for (String path : List.of("/metrics", "/ibm/api/batch/jobinstances")) {
            int nobody = SharedVault.server()
                    .client()
                    .callOutside("GET", path)
                    .send()
                    .status();
            assertEquals(401, nobody, path);
            int reader =
                    SharedVault.as("reader").callOutside("GET", path).send().status();
            assertTrue(reader == 403 || reader == 401, path);
            assertEquals(
                    200,
                    SharedVault.as("operator").callOutside("GET", path).send().status(),
                    path);
        }
        int openApi = SharedVault.server()
                .client()
                .callOutside("GET", "/openapi")
                .send()
                .status();
        assertTrue(openApi == 401 || openApi == 404, () -> "/openapi " + openApi);
    }
}
