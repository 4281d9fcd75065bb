package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.options.Cookie;
import com.microsoft.playwright.options.SameSiteAttribute;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.testing.SharedVault;

/** Signing in, as a person does it. */
class SignInPageIT {
    @BeforeAll
    static void needsABrowser() {
        Chromium.requireInstalled();
    }

    @ParameterizedTest
    @ValueSource(strings = {"enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator"})
    void signsInAsEachRole(String role) {
        try (Visitor visitor = Visitor.at(SharedVault.server()).signIn(role)) {
            Object session = visitor.page()
                    .evaluate("() => fetch('session', {headers: {'X-Console': 'poll'}}).then(r => r.json())");
            assertTrue(session.toString().contains("caller=" + role + ","), session::toString);
            assertTrue(session.toString().contains("roles=[" + role + "]"), session::toString);
        }
    }

    @Test
    void keepsTheCookieFromScriptsAndFromOtherSites() {
        try (Visitor visitor = Visitor.at(SharedVault.server()).signIn("operator")) {
            List<Cookie> cookies = visitor.cookies();
            assertEquals(1, cookies.size());
            Cookie cookie = cookies.get(0);
            assertEquals("__Host-vault", cookie.name);
            assertTrue(cookie.httpOnly && cookie.secure);
            assertEquals(SameSiteAttribute.STRICT, cookie.sameSite);
            assertEquals(-1, cookie.expires);
            assertEquals("", visitor.page().evaluate("() => document.cookie"));
        }
    }

    @Test
    void saysThatAPasswordIsWrongAndKeepsTheName() {
        try (Visitor visitor = Visitor.at(SharedVault.server()).open("sign-in.html")) {
            visitor.allow("401 POST /console/session").give("operator", "wrong");
            assertThat(visitor.page().locator("#error")).containsText("Name or password is wrong");
            assertThat(visitor.page().locator("#user")).hasValue("operator");
            assertThat(visitor.page().locator("#password")).hasValue("");
            assertThat(visitor.page().locator("#password")).isFocused();
            visitor.checkAxe();
        }
    }

    @Test
    void isThereForEverybody() {
        try (Visitor visitor = Visitor.at(SharedVault.server()).open("sign-in.html")) {
            visitor.checkAxe();
        }
        try (Visitor visitor = Visitor.inTheDark(SharedVault.server()).open("sign-in.html")) {
            visitor.checkAxe();
        }
        try (Visitor visitor = Visitor.withPhone(SharedVault.server()).open("sign-in.html")) {
            visitor.checkAxe().checkWidth();
        }
    }

    @Test
    void needsNothingButAKeyboard() {
        try (Visitor visitor = Visitor.at(SharedVault.server()).open("sign-in.html#/keys")) {
            assertThat(visitor.page().locator("#user")).isFocused();
            visitor.page().keyboard().type("operator");
            visitor.page().keyboard().press("Tab");
            visitor.page().keyboard().type(SharedVault.server().password("operator"));
            visitor.page().keyboard().press("Enter");
            visitor.page().waitForURL(visitor.address("#/keys"));
        }
    }
}
