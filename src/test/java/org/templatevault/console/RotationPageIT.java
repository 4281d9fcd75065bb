package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** A rotation of 5,000 templates, as somebody on call watches and steers it, with a server that dies. */
class RotationPageIT {
    private static final double PATIENCE = 60_000;
    private static VaultServer server;

    @BeforeAll
    static void enrolsFiveThousand() {
        Chromium.requireInstalled();
        server = SharedVault.mortal().server();
        for (int i = 0; i < 5; i++) {
            new Eraser(server).enrol(1_000);
        }
    }

    private static Visitor custodian() {
        return Visitor.at(server).signIn("key-custodian");
    }

    private static void press(Visitor visitor, String name) {
        visitor.page()
                .getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName(name).setExact(true))
                .click();
    }

    /** Asks for it in the page; the id is in the address then. */
    private static String rotate(Visitor visitor, String rate) {
        visitor.open("#/keys");
        press(visitor, "Rotate…");
        Locator dialog = visitor.page().getByRole(AriaRole.DIALOG);
        dialog.getByLabel("Rate").fill(rate);
        press(visitor, "Rotate");
        visitor.page().waitForURL(Pattern.compile(".*#/rotations/.*"));
        String url = visitor.page().url();
        return url.substring(url.lastIndexOf('/') + 1);
    }

    private static void awaitState(Visitor visitor, String state) {
        assertThat(visitor.page().locator(".state .badge"))
                .hasText(state, new LocatorAssertions.HasTextOptions().setTimeout(PATIENCE));
    }

    private static Locator bar(Visitor visitor, String name) {
        return visitor.page().getByRole(AriaRole.PROGRESSBAR, new Page.GetByRoleOptions().setName(name));
    }

    private static int percent(Visitor visitor) {
        return Integer.parseInt(
                String.valueOf(bar(visitor, "Progress of the rotation").getAttribute("aria-valuenow")));
    }

    private static void awaitPercent(Visitor visitor, int least) {
        TestHome.await(least + " % are moved", Duration.ofSeconds(60), () -> {
            visitor.page().waitForTimeout(100);
            return percent(visitor) >= least;
        });
    }

    @Test
    void watchesARotationToItsEndAndFindsItInTheHistory() {
        try (Visitor visitor = custodian()) {
            String id = rotate(visitor, "2500");
            awaitState(visitor, "drained");
            assertThat(visitor.page().locator("#progress-text")).containsText("100 %");
            assertThat(visitor.page().locator("figure.chart svg[role=img]")).isVisible();
            assertTrue(new Custodian(server).get(id).getInt("total") >= 5_000);
            visitor.checkAxeInBothThemes();
            visitor.open("#/jobs");
            assertThat(visitor.page().locator("tr[data-key='" + id + "']")).containsText("drained");
        }
    }

    @Test
    void pausesResumesAndChangesTheRate() {
        try (Visitor visitor = custodian()) {
            String id = rotate(visitor, "300");
            awaitPercent(visitor, 1);
            press(visitor, "Pause");
            awaitState(visitor, "paused");
            JsonObject paused = new Custodian(server).get(id);
            assertEquals("PAUSED", paused.getString("state"));
            int partitions = paused.getInt("partitions");
            assertEquals(partitions, paused.getJsonArray("partitionsPassed").size());
            for (int i = 0; i < partitions; i++) {
                double passed =
                        paused.getJsonArray("partitionsPassed").getJsonNumber(i).doubleValue();
                assertTrue(passed > 0 && passed < 1, paused::toString);
                assertThat(bar(visitor, "Partition " + (i + 1) + " of " + partitions))
                        .hasAttribute("aria-valuetext", Pattern.compile("[1-9].* % of its ids passed"));
            }
            visitor.checkAxeInBothThemes();
            press(visitor, "Resume");
            awaitState(visitor, "re-encrypting");
            press(visitor, "Change the rate…");
            visitor.page().getByRole(AriaRole.DIALOG).getByLabel("At most").fill("5000");
            press(visitor, "Set the rate");
            assertThat(visitor.page().getByText("≤ 5,000 subjects/s")).isVisible();
            awaitState(visitor, "drained");
        }
    }

    @Test
    @Tag("nightly")
    void saysThatTheServerIsAwayAndGoesOnByItselfWhenItIsBack() {
        try (Visitor visitor = custodian()) {
            String id = rotate(visitor, "400");
            awaitPercent(visitor, 5);
            visitor.allow("no answer: GET /api/v1/")
                    .allow("(404|503) GET /api/v1/")
                    .allow("ERR_");
            server.kill();
            Locator line = visitor.page().locator("#connection");
            assertThat(line).containsText("Not connected, trying again");
            assertThat(visitor.page().locator("h1")).containsText("Rotation from version");
            visitor.checkAxeInBothThemes();
            server.start();
            assertThat(line)
                    .not()
                    .containsText("Not connected", new LocatorAssertions.ContainsTextOptions().setTimeout(PATIENCE));
            int before = percent(visitor);
            awaitPercent(visitor, before + 1);
            new Custodian(server).changeRate(id, null).expect(200);
            awaitState(visitor, "drained");
            assertThat(visitor.page().locator("#progress-text")).containsText("100 %");
        }
    }

    @Tag("nightly")
    @Test
    void cancelsOnlyAfterSayingWhatStays() {
        try (Visitor visitor = custodian()) {
            String id = rotate(visitor, "100");
            awaitState(visitor, "re-encrypting");
            press(visitor, "Cancel…");
            assertThat(visitor.page().getByRole(AriaRole.DIALOG)).containsText("Both versions stay usable");
            press(visitor, "Cancel the rotation");
            awaitState(visitor, "cancelled");
            assertEquals("CANCELLED", new Custodian(server).get(id).getString("state"));
        }
    }
}
