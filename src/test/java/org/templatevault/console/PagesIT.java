package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.WaitUntilState;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;

/** Every page, for whom it is: what is shown, and that everybody can use it. */
class PagesIT {
    private static String subject;
    private static String erasure;
    private static String approval;
    private static String bulkErasure;

    @BeforeAll
    static void makesSomethingToSee() {
        Chromium.requireInstalled();
        UUID kept = UUID.randomUUID();
        UUID gone = UUID.randomUUID();
        as("enroller").store(kept, IsoTemplates.fingerprint(20, 1));
        as("enroller").store(gone, IsoTemplates.fingerprint(20, 2));
        subject = kept.toString();
        as("eraser")
                .put("/subjects/" + kept + "/hold")
                .header("X-Reason", "Case 1")
                .send()
                .expect(200);
        erasure = as("eraser")
                .erase(gone, "data-subject-request")
                .expect(202)
                .json()
                .getString("id");
        Eraser eraser = new Eraser(SharedVault.server());
        bulkErasure =
                eraser.ask(Eraser.list(eraser.enrol(3))).expect(202).json().getString("id");
        eraser.await(bulkErasure, "DONE");
        approval = as("key-custodian")
                .post("/keys/1/exposure")
                .send()
                .expect(202)
                .json()
                .getString("id");
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

    @ParameterizedTest
    @CsvSource({
        "operator,Overview Jobs Keys Quarantine Approvals Retention Audit",
        "key-custodian,Overview Jobs Keys Approvals Retention",
        "approver,Overview Jobs Keys Approvals Retention",
        "auditor,Overview Jobs Keys Quarantine Approvals Erasures Retention Subjects Audit",
        "eraser,Overview Jobs Erasures Retention Subjects",
        "reader,Retention Subjects",
        "enroller,Retention Subjects"
    })
    void showsEachRoleItsPagesAndNoOther(String role, String pages) {
        try (Visitor visitor = signedIn(role)) {
            Locator menu = visitor.page().locator("nav a");
            assertThat(menu).hasText(pages.split(" "));
            assertThat(visitor.page().locator("h1")).hasText(pages.split(" ")[0]);
            if (!pages.contains("Quarantine")) {
                visitor.open("#/quarantine");
                assertThat(visitor.page().locator("h1")).hasText("Not for your roles");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"key-custodian,1,1", "operator,0,0", "auditor,0,0"})
    void offersWhatTheRoleMayDo(String role, int rotate, int policy) {
        try (Visitor visitor = signedIn(role)) {
            open(visitor, "/keys", "Keys");
            assertThat(visitor.page().getByText("Version 1").first()).isVisible();
            assertThat(button(visitor.page(), "Rotate…")).hasCount(rotate);
            assertThat(button(visitor.page(), "Ask for a standing policy…")).hasCount(policy);
            assertThat(button(visitor.page(), "Register a backup…")).hasCount(role.equals("operator") ? 1 : 0);
        }
    }

    /** In both themes by axe, and by the width of a phone. */
    private static void checkAll(Visitor visitor, List<String> routes) {
        for (String route : routes) {
            visitor.page().setViewportSize(1280, 800);
            visitor.open("#" + route);
            assertThat(visitor.page().locator("h1")).isVisible();
            assertThat(visitor.page().getByText("Reading …")).hasCount(0);
            visitor.checkAxeInBothThemes();
            visitor.page().setViewportSize(360, 740);
            visitor.checkWidth();
        }
    }

    @Test
    void givesTheOperatorPagesThatEverybodyCanUse() {
        try (Visitor visitor = signedIn("operator")) {
            checkAll(
                    visitor,
                    List.of(
                            "/overview",
                            "/jobs",
                            "/keys",
                            "/keys/1",
                            "/quarantine",
                            "/approvals",
                            "/approvals/" + approval,
                            "/retention",
                            "/audit"));
        }
    }

    @Test
    void givesTheAuditorPagesThatEverybodyCanUse() {
        try (Visitor visitor = signedIn("auditor")) {
            open(visitor, "/bulk/" + bulkErasure, "Erasure of many");
            checkAll(
                    visitor,
                    List.of(
                            "/erasures",
                            "/erasures/" + erasure,
                            "/bulk/" + bulkErasure,
                            "/subjects",
                            "/subjects/" + subject,
                            "/nowhere"));
        }
    }

    @Test
    void asksBeforeItErasesAndSaysWhatWillHappen() {
        UUID gone = UUID.randomUUID();
        as("enroller").store(gone, IsoTemplates.fingerprint(20, 3));
        try (Visitor visitor = signedIn("eraser")) {
            open(visitor, "/subjects/" + gone, "Subject");
            button(visitor.page(), "Erase…").click();
            Locator dialog = visitor.page().getByRole(AriaRole.DIALOG);
            assertThat(dialog).containsText("Nobody can bring them back");
            visitor.checkAxe();
            visitor.page().keyboard().press("Escape");
            assertThat(dialog).hasCount(0);
            assertThat(button(visitor.page(), "Erase…")).isFocused();
            as("auditor").get("/subjects/" + gone).send().expect(200);

            button(visitor.page(), "Erase…").click();
            button(visitor.page(), "Erase for ever").click();
            assertThat(visitor.page().locator("h1")).hasText("Receipt of an erasure");
            as("auditor").get("/subjects/" + gone).send().expect(410);

            visitor.allow("410 GET /api/v1/subjects/" + gone);
            open(visitor, "/subjects/" + gone, "Subject");
            visitor.checkAxe();
            visitor.page()
                    .getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Look at the receipt"))
                    .click();
            assertThat(visitor.page().locator("h1")).hasText("Receipt of an erasure");
        }
    }

    @Test
    void keepsADialogOpenAndExplainsWhenTheServerRefuses() {
        try (Visitor visitor = signedIn("eraser")) {
            open(visitor, "/retention", "Retention");
            button(visitor.page(), "New policy…").click();
            Locator dialog = visitor.page().getByRole(AriaRole.DIALOG);
            dialog.getByLabel("Name").fill("default");
            dialog.getByLabel("Purpose").fill("Another");
            dialog.getByLabel("Legal basis").fill("Another");
            visitor.allow("428 PUT /api/v1/policies/default");
            button(visitor.page(), "Publish the policy").click();
            assertThat(dialog.getByRole(AriaRole.ALERT)).containsText("if-match-missing");
        }
    }

    @Test
    void asksNoMoreWhenThePageIsLeft() {
        try (Visitor visitor = signedIn("eraser")) {
            open(visitor, "/retention", "Retention");
            button(visitor.page(), "New policy…").click();
            assertThat(visitor.page().getByRole(AriaRole.DIALOG)).isVisible();
            open(visitor, "/erasures", "Erasures");
            assertThat(visitor.page().getByRole(AriaRole.DIALOG)).hasCount(0);
        }
    }

    @Test
    void countsTheNextRunAndErasesNobody() {
        try (Visitor visitor = signedIn("eraser")) {
            open(visitor, "/retention", "Retention");
            button(visitor.page(), "Count the next run (nobody is erased)").click();
            assertThat(visitor.page().getByText("under a legal hold; counted")).isVisible();
        }
    }

    @Test
    void showsTimesInThePersonsZoneAndUtcOnHover() {
        try (Visitor visitor = signedIn("auditor")) {
            open(visitor, "/erasures/" + erasure, "Receipt of an erasure");
            Locator time = visitor.page().locator(".times time").first();
            String utc = String.valueOf(time.getAttribute("title"));
            assertEquals(
                    String.valueOf(time.getAttribute("datetime"))
                                    .substring(0, 19)
                                    .replace('T', ' ') + " UTC",
                    utc);
        }
    }

    @Test
    void doesEverythingByKeyboard() {
        try (Visitor visitor = signedIn("operator")) {
            open(visitor, "/overview", "Overview");
            visitor.page().reload();
            assertThat(visitor.page().locator("h1")).hasText("Overview");
            visitor.page().locator("body").press("Tab");
            assertThat(visitor.page().locator(":focus")).not().hasCount(0);
            visitor.page()
                    .getByRole(
                            AriaRole.LINK,
                            new Page.GetByRoleOptions().setName("Keys").setExact(true))
                    .focus();
            visitor.page().keyboard().press("Enter");
            assertThat(visitor.page().locator("h1")).hasText("Keys");
            button(visitor.page(), "Register a backup…").press("Enter");
            assertThat(visitor.page().getByRole(AriaRole.DIALOG).getByLabel("Name"))
                    .isVisible();
        }
    }

    /** Other tests damage rows of this vault on purpose: the page says what the API says, intact or not. */
    @Test
    void verifiesTheTrailAndDrawsTheChain() {
        boolean intact = as("auditor")
                .post("/audit:verify")
                .json("{}")
                .send()
                .expect(200)
                .json()
                .getBoolean("intact");
        try (Visitor visitor = signedIn("auditor")) {
            open(visitor, "/audit", "Audit");
            button(visitor.page(), "Verify everything").click();
            assertThat(visitor.page().locator(".verdict")).containsText(intact ? "Intact" : "finding");
            assertThat(visitor.page().locator(".chain .block-mark").first()).isVisible();
            button(visitor.page(), "Search").click();
            assertThat(visitor.page().getByRole(AriaRole.CELL).first()).isVisible();
            visitor.checkAxe();
        }
    }

    @Test
    void drawsWhatAVerificationFinds() {
        UUID changed = UUID.randomUUID();
        as("enroller").store(changed, IsoTemplates.fingerprint(20, 4));
        var rows = new org.templatevault.testing.Rows(SharedVault.server().home());
        rows.change("update vault.template set quality = 77 where subject_id = ?", changed);
        try (Visitor visitor = signedIn("auditor")) {
            open(visitor, "/audit", "Audit");
            button(visitor.page(), "Verify everything").click();
            assertThat(visitor.page().locator(".verdict.broken")).containsText("row-changed");
            visitor.checkAxe();
        } finally {
            rows.change("update vault.template set quality = null where subject_id = ?", changed);
            as("auditor").post("/audit:verify").send().expect(200);
        }
    }

    /** Where browsers speak HTTP/2, leaving pages leaves threads of the server that wait for ever. */
    @Test
    void speaksHttp11() {
        try (Visitor visitor = signedIn("operator")) {
            assertEquals(
                    "http/1.1",
                    visitor.page().evaluate("() => performance.getEntriesByType('navigation')[0].nextHopProtocol"));
        }
    }

    @Test
    void staysReachableWhenPagesAreLeftInTheMiddleOfTheirAnswers() {
        try (Visitor visitor = signedIn("operator")) {
            visitor.allow("no answer");
            for (int i = 0; i < 60; i++) {
                visitor.page()
                        .navigate(
                                visitor.address("?" + i + "#/jobs"),
                                new Page.NavigateOptions().setWaitUntil(WaitUntilState.COMMIT));
            }
            open(visitor, "/keys", "Keys");
        }
    }
}
