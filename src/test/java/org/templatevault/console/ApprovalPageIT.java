package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.templatevault.testing.SharedVault.as;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TokenIssuer;

/** Two people before two browsers. */
class ApprovalPageIT {
    @BeforeAll
    static void needsABrowser() {
        Chromium.requireInstalled();
    }

    private static void press(Visitor visitor, String name) {
        visitor.page()
                .getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName(name).setExact(true))
                .click();
    }

    private static String state(String approval) {
        return as("auditor")
                .get("/approvals/" + approval)
                .send()
                .expect(200)
                .json()
                .getString("state");
    }

    @Test
    void letsAnotherPersonApproveExactlyWhatTheFirstAskedFor() {
        String approval;
        try (Visitor custodian = Visitor.at(SharedVault.server()).signIn("key-custodian")) {
            custodian.open("#/keys");
            press(custodian, "Ask for a standing policy…");
            press(custodian, "Ask for it");
            assertThat(custodian.page().locator("h1")).hasText("Approvals");
            approval = as("auditor")
                    .get("/approvals")
                    .send()
                    .json()
                    .getJsonArray("approvals")
                    .getJsonObject(0)
                    .getString("id");
            custodian.open("#/approvals/" + approval);
            assertThat(custodian.page().locator("blockquote")).containsText("without being asked again");
            assertThat(custodian.page().getByText("Approve…")).hasCount(0);
        }
        try (Visitor approver = Visitor.at(SharedVault.server()).signIn("approver")) {
            approver.open("#/overview");
            assertThat(approver.page().locator(".attention")).containsText("for a second person");
            approver.open("#/approvals/" + approval);
            press(approver, "Approve…");
            Locator dialog = approver.page().getByRole(AriaRole.DIALOG);
            assertThat(dialog).containsText("without being asked again");
            assertThat(dialog).containsText("key-custodian asked for it");
            approver.checkAxe();
            press(approver, "Approve exactly this");
            assertThat(dialog).hasCount(0);
            assertThat(approver.page().locator(".facts .badge").first()).hasText("approved");
        }
        assertEquals("APPROVED", state(approval));
        as("key-custodian").post("/approvals/" + approval + ":cancel").send().expect(200);
    }

    @Test
    void refusesThatSomebodyApprovesTheirOwnRequestAndSaysWhoCan() {
        String approval = SharedVault.server()
                .client()
                .withAuthorization(SharedVault.issuer().bearer(TokenIssuer.claims("approver", "key-custodian")))
                .post("/standing-policies")
                .send()
                .expect(202)
                .json()
                .getJsonObject("approval")
                .getString("id");
        try (Visitor approver = Visitor.at(SharedVault.server()).signIn("approver")) {
            approver.open("#/approvals/" + approval).allow("403 POST /api/v1/approvals/");
            assertThat(approver.page().locator(".own")).containsText("somebody else has to approve it");
            press(approver, "Approve…");
            press(approver, "Approve exactly this");
            assertThat(approver.page().getByRole(AriaRole.ALERT)).containsText("own-request");
            assertThat(approver.page().getByRole(AriaRole.ALERT)).containsText("sign in as another person");
            approver.checkAxe();
            assertEquals("REQUESTED", state(approval));
            press(approver, "Not now");
            press(approver, "Take back…");
            press(approver, "Take back");
            assertThat(approver.page().locator(".facts .badge").first()).hasText("cancelled");
        }
    }
}
