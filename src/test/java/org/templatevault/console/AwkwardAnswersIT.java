package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;

/** What the pages do while an answer is late, broken off, or a refusal that nobody expects. */
class AwkwardAnswersIT {
    /** Answers break off from the moment on at which a test says so. */
    private static final String BREAKING = "const whole = Response.prototype.text; window.breakOff = false;"
            + " Response.prototype.text = function () { return window.breakOff"
            + " ? Promise.reject(new TypeError('network error')) : whole.call(this); }";

    private static final Pattern SEARCH = Pattern.compile("/api/v1/audit\\?");

    @BeforeAll
    static void needsABrowser() {
        Chromium.requireInstalled();
    }

    private static Visitor signedIn(String role) {
        return Visitor.at(SharedVault.server()).signIn(role);
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    private static void open(Visitor visitor, String route, String heading) {
        visitor.open("#" + route);
        assertThat(visitor.page().locator("h1")).hasText(heading);
    }

    private static UUID enrolled() {
        UUID subject = UUID.randomUUID();
        as("enroller").store(subject, IsoTemplates.fingerprint(20, 5));
        return subject;
    }

    private static void signInInAnotherTab(Visitor visitor, String role) {
        Page tab = visitor.page().context().newPage();
        tab.navigate(visitor.address("sign-in.html"));
        tab.fill("#user", role);
        tab.fill("#password", SharedVault.server().password(role));
        tab.click("#submit");
        tab.waitForURL(address -> !address.contains("sign-in"));
        tab.close();
    }

    // Sessions

    @Test
    void goesOnInTheSessionThatAnotherTabHasBegun() {
        UUID gone = enrolled();
        try (Visitor visitor = signedIn("eraser").allow("403 DELETE /api/v1/subjects/" + gone)) {
            open(visitor, "/subjects/" + gone, "Subject");
            signInInAnotherTab(visitor, "eraser");
            button(visitor.page(), "Erase…").click();
            button(visitor.page(), "Erase for ever").click();
            assertThat(visitor.page().locator("h1")).hasText("Receipt of an erasure");
            as("auditor").get("/subjects/" + gone).send().expect(410);
        }
    }

    @Test
    void beginsAnewWhereAnotherTabHasSignedInSomebodyElse() {
        UUID kept = enrolled();
        try (Visitor visitor = signedIn("eraser").allow("403 DELETE /api/v1/subjects/" + kept)) {
            open(visitor, "/subjects/" + kept, "Subject");
            signInInAnotherTab(visitor, "auditor");
            button(visitor.page(), "Erase…").click();
            button(visitor.page(), "Erase for ever").click();
            assertThat(visitor.page().locator("#who")).containsText("auditor");
            assertThat(button(visitor.page(), "Erase…")).hasCount(0);
            as("auditor").get("/subjects/" + kept).send().expect(200);
        }
    }

    // Refusals and questions

    @Test
    void tellsThatAnErasureOfManyCouldNotBePaused() {
        Eraser eraser = new Eraser(SharedVault.server());
        String id = eraser.ask(Eraser.list(eraser.enrol(1))).expect(202).json().getString("id");
        eraser.await(id, "DONE");
        String asIfItRan = eraser.get(id).toString().replace("\"DONE\"", "\"RUNNING\"");
        try (Visitor visitor = signedIn("operator").allow("409 POST /api/v1/erasures/bulk/")) {
            visitor.page().route("**/api/v1/erasures/bulk/" + id, route -> json(route, asIfItRan));
            open(visitor, "/bulk/" + id, "Erasure of many");
            button(visitor.page(), "Pause").click();
            assertThat(visitor.page().getByRole(AriaRole.DIALOG)).containsText("could not be told to pause");
            button(visitor.page(), "Try again").click();
            assertThat(visitor.page().getByRole(AriaRole.ALERT)).isVisible();
            visitor.checkAxe();
        }
    }

    @Test
    void keepsAQuestionOpenWhileItsAnswerIsUnderWay() {
        UUID gone = enrolled();
        List<Route> held = new ArrayList<>();
        try (Visitor visitor = signedIn("eraser")) {
            Page page = visitor.page();
            page.route("**/api/v1/subjects/" + gone, route -> {
                if (route.request().method().equals("DELETE")) {
                    held.add(route);
                } else {
                    route.resume();
                }
            });
            open(visitor, "/subjects/" + gone, "Subject");
            button(page, "Erase…").click();
            button(page, "Erase for ever").click();
            page.waitForCondition(() -> !held.isEmpty());
            page.keyboard().press("Escape");
            page.keyboard().press("Escape");
            assertThat(page.getByRole(AriaRole.DIALOG)).isVisible();
            assertThat(button(page, "Not now")).isDisabled();
            visitor.checkAxe();
            held.get(0).resume();
            assertThat(page.locator("h1")).hasText("Receipt of an erasure");
            assertThat(page.getByRole(AriaRole.DIALOG)).hasCount(0);
        }
    }

    @Test
    void offersNoErasureWhereNobodyFits() {
        try (Visitor visitor = signedIn("eraser")) {
            open(visitor, "/erasures", "Erasures");
            button(visitor.page(), "Erase many…").click();
            Locator dialog = visitor.page().getByRole(AriaRole.DIALOG);
            dialog.getByLabel("Who were made at least so many days ago").fill("36500");
            button(visitor.page(), "Count them").click();
            assertThat(dialog).containsText("0 subjects fit");
            assertThat(dialog.locator("button.danger")).hasCount(0);
            visitor.checkAxe();
            button(visitor.page(), "Choose others").click();
            assertThat(button(visitor.page(), "Count them")).isVisible();
        }
    }

    // Late and broken answers

    @Test
    void saysThatItIsNotConnectedWhereAnAnswerBreaksOff() {
        try (Visitor visitor = Visitor.at(SharedVault.server())) {
            visitor.page().addInitScript(BREAKING);
            visitor.signIn("operator");
            open(visitor, "/overview", "Overview");
            assertThat(visitor.page().locator(".tile").first()).isVisible();
            visitor.page().evaluate("() => { window.breakOff = true; }");
            assertThat(visitor.page().locator("#connection")).containsText("Not connected");
            assertThat(visitor.page().locator("h1")).hasText("Overview");
            visitor.page().evaluate("() => { window.breakOff = false; }");
            assertThat(visitor.page().locator("#connection")).not().containsText("Not connected");
        }
    }

    @Test
    @Tag("nightly")
    void waitsForNoAnswerForEver() {
        try (Visitor visitor = Visitor.at(SharedVault.server())) {
            visitor.page().route("**/api/v1/overview", route -> {}); // never answered
            visitor.signIn("operator");
            Locator line = visitor.page().locator("#connection");
            assertThat(line)
                    .containsText("Not connected", new LocatorAssertions.ContainsTextOptions().setTimeout(60_000));
            visitor.page().unroute("**/api/v1/overview");
            assertThat(visitor.page().locator("h1")).hasText("Overview");
        }
    }

    private static void json(Route route, String body) {
        route.fulfill(
                new Route.FulfillOptions().setContentType("application/json").setBody(body));
    }

    private static String found(String id, String next) {
        return "{\"entries\":[{\"id\":\"" + id + "\",\"at\":\"2026-01-01T00:00:00Z\",\"caller\":\"" + id
                + "\",\"action\":\"GET /api/v1/keys\",\"outcome\":\"allowed\"}]" + next + "}";
    }

    @Test
    void showsTheAnswerOfTheLatestSearch() {
        List<Route> asked = new ArrayList<>();
        try (Visitor visitor = signedIn("auditor")) {
            Page page = visitor.page();
            page.route(SEARCH, asked::add);
            open(visitor, "/audit", "Audit");
            button(page, "Search").click();
            page.waitForCondition(() -> asked.size() == 1);
            button(page, "Search").click();
            page.waitForCondition(() -> asked.size() == 2);
            json(asked.get(1), found("of-the-second", ""));
            assertThat(page.locator("tr[data-key='of-the-second']")).isVisible();
            json(asked.get(0), found("of-the-first", ""));
            page.waitForTimeout(500);
            assertThat(page.locator("tr[data-key='of-the-second']")).isVisible();
            assertThat(page.locator("tr[data-key='of-the-first']")).hasCount(0);
        }
    }

    @Test
    void showsEachEntryOnceHoweverOftenMoreIsAskedFor() {
        List<Route> more = new ArrayList<>();
        try (Visitor visitor = signedIn("auditor")) {
            Page page = visitor.page();
            page.route(SEARCH, route -> {
                if (route.request().url().contains("cursor=")) {
                    more.add(route);
                } else {
                    json(route, found("one", ",\"next\":\"x\""));
                }
            });
            open(visitor, "/audit", "Audit");
            button(page, "Search").click();
            assertThat(page.locator("tr[data-key='one']")).isVisible();
            page.evaluate("() => { const more = document.querySelector('.more button'); more.click(); more.click(); }");
            page.waitForCondition(() -> !more.isEmpty());
            page.waitForTimeout(500);
            assertEquals(1, more.size());
            json(more.get(0), found("two", ",\"next\":\"y\""));
            assertThat(page.locator("tr[data-key='two']")).hasCount(1);
            assertThat(button(page, "Show more")).isEnabled();
        }
    }
}
