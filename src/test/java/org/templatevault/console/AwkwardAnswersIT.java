package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.templatevault.testing.SharedVault.as;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;

/** What the pages do while an answer is late, or a refusal that nobody expects. */
class AwkwardAnswersIT {
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

    private static void json(Route route, String body) {
        route.fulfill(
                new Route.FulfillOptions().setContentType("application/json").setBody(body));
    }
}
