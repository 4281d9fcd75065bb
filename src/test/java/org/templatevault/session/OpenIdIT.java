package org.templatevault.session;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.HttpCookie;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.console.Visitor;
import org.templatevault.testing.OpenIdProvider;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.TokenIssuer;
import org.templatevault.testing.VaultServer;

/** Signing in to the console by an OpenID provider. */
@Tag("long")
@Tag("nightly")
class OpenIdIT {
    private static OpenIdProvider provider;
    private static VaultServer server;

    private final CookieManager cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
    private HttpClient browser;

    @BeforeAll
    static void startBoth() {
        SharedVault.mortal();
        TestHome home = SharedVault.mortal().home();
        provider = OpenIdProvider.start(home.tls());
        server = VaultServer.on(home, "openid")
                .environment("VAULT_OIDC", "on")
                .variable("VAULT_OIDC_DISCOVERY_URL", provider.issuer() + "/.well-known/openid-configuration")
                .variable("VAULT_OIDC_CLIENT_ID", OpenIdProvider.CLIENT)
                .variable("VAULT_OIDC_CLIENT_SECRET", OpenIdProvider.SECRET)
                .start();
    }

    @AfterAll
    static void stopBoth() {
        server.stop();
        provider.close();
    }

    @BeforeEach
    void opensABrowserAndSignsInAsItShould() {
        browser = server.client().browser(cookies);
        provider.claim(UnaryOperator.identity());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return browser.send(
                HttpRequest.newBuilder(server.client().address(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private JsonObject session() throws IOException, InterruptedException {
        return Json.createReader(
                        new java.io.StringReader(get("/console/session").body()))
                .readObject();
    }

    private static UnaryOperator<JsonObject> with(String name, JsonValue value) {
        return claims -> Json.createObjectBuilder(claims).add(name, value).build();
    }

    @Test
    void signsInWithTheRolesOfTheClaimGroups() throws Exception {
        HttpResponse<String> end = get("/console/openid");
        assertEquals("/console/", end.uri().getPath());
        assertEquals(200, end.statusCode());
        JsonObject session = session();
        assertEquals("anna", session.getString("caller"));
        assertEquals("openid", session.getString("signIn"));
        assertEquals(List.of(Json.createValue("auditor"), Json.createValue("operator")), session.getJsonArray("roles"));
        assertEquals(200, get("/api/v1/keys").statusCode());
        assertEquals(
                403,
                get("/api/v1/subjects/3f2b8c1e-5d47-4a9b-9c3a-6e1f0d7b2a54/templates")
                        .statusCode());
    }

    @Test
    void leavesTheBrowserNothingButItsOwnSession() throws Exception {
        get("/console/openid");
        assertEquals(
                List.of(SessionCookie.NAME),
                cookies.getCookieStore().getCookies().stream()
                        .map(HttpCookie::getName)
                        .toList());
    }

    /** Whoever is led there from another address would stay known to the server, beside the vault's sessions. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/keys?x=/console/openid",
                "/api/v1/keys;x=/console/openid",
                "/api/v1/console/openid",
                "/openapi?/console/openid"
            })
    void asksTheProviderAtTheAddressOfTheSignInOnly(String path) throws Exception {
        HttpResponse<String> end = get(path);
        assertEquals(server.client().address(path), end.uri());
        assertEquals(path.contains("?") ? 401 : 404, end.statusCode());
        assertTrue(
                cookies.getCookieStore().getCookies().stream()
                        .noneMatch(cookie -> cookie.getName().startsWith("WAS")),
                () -> cookies.getCookieStore().getCookies().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/console/openid?x", "/console/openid;x"})
    void leadsToTheSignInFromItsAddressHoweverItIsWritten(String path) {
        String location =
                server.client().callOutside("GET", path).send().expect(302).header("Location");
        assertTrue(location.endsWith("/console/openid"), location);
    }

    static Stream<UnaryOperator<JsonObject>> wrongClaims() {
        return Stream.of(
                with("iss", Json.createValue("https://other.test")),
                with("aud", Json.createValue("another")),
                with("exp", Json.createValue(1_000_000_000)),
                with("nonce", Json.createValue("another")));
    }

    @ParameterizedTest
    @MethodSource("wrongClaims")
    void refusesATokenThatIsNotForThisSignIn(UnaryOperator<JsonObject> change) throws Exception {
        provider.claim(change);
        isRefused(get("/console/openid"));
    }

    @Test
    void refusesATokenThatTheProviderDidNotSign() throws Exception {
        provider.forge();
        isRefused(get("/console/openid"));
    }

    @Test
    void refusesWhomTheProviderRefuses() throws Exception {
        provider.refuse();
        isRefused(get("/console/openid"));
    }

    @Test
    void refusesWhoHasNoRole() throws Exception {
        provider.claim(with(
                "groups", Json.createArrayBuilder().add("staff").add("system").build()));
        HttpResponse<String> end = get("/console/openid");
        assertEquals("refused=role", end.uri().getQuery());
        isRefused(end);
    }

    private void isRefused(HttpResponse<String> end) throws Exception {
        assertFalse(end.body().contains("CWW") || end.body().contains("c4n4ry"), end.body());
        assertTrue(
                cookies.getCookieStore().getCookies().stream()
                        .noneMatch(cookie -> cookie.getName().equals(SessionCookie.NAME)),
                () -> cookies.getCookieStore().getCookies().toString());
        assertEquals(401, get("/console/session").statusCode());
        assertEquals(401, get("/api/v1/keys").statusCode());
    }

    /** Whoever came for a page has it after the way over the provider's own page. */
    @Test
    void bringsABrowserToThePageItWasFor() {
        provider.ask();
        try (Visitor visitor = Visitor.at(server).allow("401 GET /console/session")) {
            Page page = visitor.open("#/keys").page();
            page.getByRole(AriaRole.LINK, named("Sign in by your organisation")).click();
            page.getByRole(AriaRole.LINK, named("Go on as anna")).click();
            assertThat(page.locator("h1")).hasText("Keys");
            assertThat(page.locator("#who")).containsText("anna");
            assertEquals(visitor.address("#/keys"), page.url());
            page.reload();
            assertThat(page.locator("h1")).hasText("Keys");
            visitor.open("?again");
            assertThat(page.locator("h1")).hasText("Overview");
        }
    }

    /** The password is another way to the same page. */
    @Test
    void keepsThePageOfABrowserThatTheProviderRefuses() {
        provider.refuse();
        try (Visitor visitor = Visitor.at(server).allow("401 GET /console/session|403 GET /oidcclient/")) {
            Page page = visitor.open("#/keys").page();
            page.getByRole(AriaRole.LINK, named("Sign in by your organisation")).click();
            page.getByRole(AriaRole.LINK, named("Sign in to the vault")).click();
            assertThat(page.getByRole(AriaRole.ALERT)).containsText("did not sign you in");
            visitor.checkAxe();
            page.getByLabel("Name").fill("operator");
            page.getByLabel("Password").fill(server.password("operator"));
            page.getByLabel("Password").press("Enter");
            assertThat(page.locator("h1")).hasText("Keys");
        }
    }

    private static Page.GetByRoleOptions named(String name) {
        return new Page.GetByRoleOptions().setName(name);
    }

    @Test
    void leavesPasswordsAndTokensAsTheyAre() throws Exception {
        server.as("operator").get("/keys").send().expect(200);
        server.as("reader").get("/keys").send().problem(403, "forbidden");
        server.client().withPassword("operator", "wrong").get("/keys").send().problem(401);
        server.client().inSession("operator").get("/keys").send().expect(200);
        server.client()
                .withAuthorization(SharedVault.issuer().bearer(TokenIssuer.claims("somebody", "operator")))
                .get("/keys")
                .send()
                .problem(401);
        assertEquals("{\"openid\":true}", get("/console/sign-in-ways").body());
        assertEquals(
                "{\"openid\":false}",
                SharedVault.mortal()
                        .server()
                        .client()
                        .callOutside("GET", "/console/sign-in-ways")
                        .send()
                        .text());
        SharedVault.mortal()
                .server()
                .client()
                .callOutside("GET", "/console/openid")
                .send()
                .problem(404, "not-found");
    }
}
