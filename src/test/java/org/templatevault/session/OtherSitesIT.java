package org.templatevault.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.Route;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.console.Visitor;
import org.templatevault.testing.Answer;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TokenIssuer;
import org.templatevault.testing.VaultClient;

/** What a page of another site makes a browser send, with whatever credentials the browser has. */
class OtherSitesIT {
    private static final String PAUSE = "/rotations/" + UUID.randomUUID() + ":pause";

    private final VaultClient nobody = SharedVault.server().client();

    private List<VaultClient> withEachKindOfCredentials() {
        return List.of(
                nobody.as("operator"),
                nobody.withAuthorization(SharedVault.issuer().bearer(TokenIssuer.claims("somebody", "operator"))),
                nobody.inSession("operator"),
                nobody.inSession("operator").with("X-Console", "1"),
                nobody);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site", "whatever"})
    void askForNoChangeWhateverTheCredentials(String site) {
        for (VaultClient client : withEachKindOfCredentials()) {
            client.with("Sec-Fetch-Site", site).post(PAUSE).send().problem(403, "cross-site-request");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/v1/nothere",
        "PUT, /api/v1/schedules/rotation",
        "PATCH, /api/v1/rotations/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54",
        "DELETE, /api/v1/subjects/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54/hold",
        "POST, /console/session",
        "DELETE, /console/session",
        "POST, /openapi"
    })
    void askForNoChangeAnywhere(String method, String path) {
        nobody.as("operator")
                .callOutside(method, path)
                .header("Sec-Fetch-Site", "cross-site")
                .send()
                .problem(403, "cross-site-request");
    }

    @Test
    void changeNothing() {
        Rows rows = new Rows(SharedVault.server().home());
        long before = rows.number("select count(*) from vault.audit_verification");
        nobody.as("auditor")
                .post("/audit:verify")
                .header("Sec-Fetch-Site", "cross-site")
                .send()
                .expect(403);
        assertEquals(before, rows.number("select count(*) from vault.audit_verification"));
    }

    @Test
    void signNobodyIn() {
        VaultClient elsewhere = nobody.with("Sec-Fetch-Site", "cross-site");
        Answer answer = elsewhere.signIn("operator", SharedVault.server().password("operator"));
        answer.problem(403, "cross-site-request");
        assertEquals("", answer.header("Set-Cookie"));
    }

    /** A browser that does not say from which site's page it asks says whose page it is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://elsewhere.test",
                "null",
                "http://localhost:%d",
                "https://localhost",
                "https://localhost:1"
            })
    void areKnownByTheirOriginInAnOldBrowser(String origin) {
        String port = Integer.toString(SharedVault.server().port());
        nobody.as("operator")
                .post(PAUSE)
                .header("Origin", origin.replace("%d", port))
                .send()
                .problem(403, "cross-site-request");
    }

    @Test
    void areNotThePagesOfTheVaultItself() {
        String own = nobody.address("").toString();
        VaultClient operator = nobody.as("operator");
        operator.post(PAUSE).header("Origin", own).send().problem(404);
        for (String site : List.of("same-origin", "none")) {
            operator.post(PAUSE)
                    .header("Sec-Fetch-Site", site)
                    .header("Origin", "https://vault.example")
                    .send()
                    .problem(404);
        }
    }

    /** A proxy may speak to the vault by another name than browsers do; no other site's page can set this header. */
    @Test
    void areNotThePagesOfTheConsoleBehindAProxy() {
        nobody.inSession("operator")
                .post(PAUSE)
                .header("X-Console", "1")
                .header("Origin", "https://vault.example")
                .send()
                .problem(404);
    }

    @ParameterizedTest
    @CsvSource({
        "vault.example, https://vault.example, false",
        "vault.example:443, https://vault.example, false",
        "VAULT.example:8443, https://vault.example:8443, false",
        "vault.example, https://vault.example:8443, true",
        "vault.example.elsewhere.test, https://vault.example, true"
    })
    void areComparedWithTheHostThatABrowserAskedFor(String host, String origin, boolean refused) {
        String answer = nobody.raw("POST /api/v1" + PAUSE + " HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin
                + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assertTrue(answer.startsWith(refused ? "HTTP/1.1 403" : "HTTP/1.1 401"), answer);
        assertEquals(refused, answer.contains("cross-site-request"), answer);
    }

    @Test
    void mayHaveLinksToWhatIsOnlyRead() {
        VaultClient linked = nobody.as("operator").with("Sec-Fetch-Site", "cross-site");
        linked.get("/keys").send().expect(200);
        linked.callOutside("GET", "/openapi").send().expect(200);
        assertFalse(linked.call("OPTIONS", "/keys").send().text().contains("cross-site-request"));
    }

    @Test
    void areRefusedTheirFormsByABrowsersOwnWord() {
        String target = nobody.address(VaultClient.API + "/audit:verify").toString();
        String form = "<form method=post enctype=text/plain action='" + target + "'><button>Go</button></form>";
        try (Visitor visitor = Visitor.at(SharedVault.server()).allow("403 POST /api/v1/audit:verify")) {
            Page page = visitor.page();
            page.route(
                    "https://elsewhere.test/",
                    route -> route.fulfill(new Route.FulfillOptions()
                            .setContentType("text/html")
                            .setBody(form)));
            page.navigate("https://elsewhere.test/");
            Response answer =
                    page.waitForResponse(target, () -> page.locator("button").click());
            assertEquals(403, answer.status());
        }
    }
}
