package org.templatevault.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import jakarta.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Eraser;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultServer;

/** Makes the screenshots of the documentation, in both themes, and says so when one is too large. */
@EnabledIfSystemProperty(named = "vault.screenshots", matches = ".+")
class ScreenshotIT {
    private static final Path FOLDER = Path.of(System.getProperty("vault.screenshots", "target"));
    private static final long MOST_BYTES = 150_000;

    private final VaultServer server = SharedVault.mortal().server();

    @Test
    void showsTheMainPages() throws Exception {
        Files.createDirectories(FOLDER);
        liveALittle();
        Custodian custodian = new Custodian(server);
        String rotation = custodian.start(Json.createObjectBuilder().add("rate", 250));
        try (Visitor visitor = Visitor.at(server).signIn("key-custodian")) {
            visitor.open("#/rotations/" + rotation);
            assertThat(visitor.page().locator("h1")).containsText("Rotation");
            visitor.page().waitForTimeout(14_000);
            shoot(visitor, "rotation");
            visitor.open("#/keys");
            shoot(visitor, "keys");
        }
        try (Visitor visitor = Visitor.at(server).signIn("operator")) {
            visitor.open("#/overview");
            shoot(visitor, "overview");
        }
        auditorsPages();
        custodian.steer(rotation, "cancel").expect(200);
    }

    private void auditorsPages() throws IOException {
        try (Visitor visitor = Visitor.at(server).signIn("auditor")) {
            visitor.open("#/audit");
            visitor.page().getByText("Verify everything").click();
            assertThat(visitor.page().locator(".verdict")).containsText("Intact");
            visitor.page().locator("form.filters button").click();
            assertThat(visitor.page().locator("td").first()).isVisible();
            shoot(visitor, "audit");
            String erasure = server.as("auditor")
                    .get("/erasures/recent")
                    .send()
                    .expect(200)
                    .json()
                    .getJsonArray("erasures")
                    .getJsonObject(0)
                    .getString("id");
            visitor.open("#/erasures/" + erasure);
            shoot(visitor, "receipt");
        }
    }

    /** Key versions, a destruction, erasures, a request that waits, a backup. */
    private void liveALittle() {
        Eraser eraser = new Eraser(server);
        List<UUID> subjects = eraser.enrol(1_000);
        for (int i = 0; i < 5; i++) {
            eraser.enrol(1_000);
        }
        Custodian custodian = new Custodian(server);
        custodian.end(custodian.start());
        new Approver(server).destroy(1);
        eraser.await(
                eraser.ask(Eraser.list(subjects.subList(0, 40)))
                        .expect(202)
                        .json()
                        .getString("id"),
                "DONE");
        server.as("operator")
                .post("/copies")
                .json("{\"kind\":\"database\",\"name\":\"nightly\",\"takenAt\":\"2026-01-01T02:00:00Z\","
                        + "\"expiresAt\":\"2099-01-01T02:00:00Z\"}")
                .send()
                .expect(201);
        server.as("key-custodian").post("/keys/2/exposure").send().expect(202);
        for (UUID subject : subjects.subList(40, 600)) {
            server.as("reader").get("/subjects/" + subject).send().expect(200);
        }
    }

    private static void shoot(Visitor visitor, String name) throws IOException {
        Page page = visitor.page();
        assertThat(page.getByText("Reading …")).hasCount(0);
        for (ColorScheme theme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
            page.setViewportSize(1280, 800);
            page.evaluate("() => scrollTo(0, 0)");
            page.waitForTimeout(600);
            save(page, name + "-" + theme.name().toLowerCase(Locale.ROOT));
        }
        page.setViewportSize(390, 844);
        page.waitForTimeout(1_500);
        save(page, name + "-phone");
        page.setViewportSize(1280, 800);
    }

    private static void save(Page page, String name) throws IOException {
        Path file = FOLDER.resolve(name + ".png");
        page.screenshot(new Page.ScreenshotOptions().setPath(file));
        assertTrue(Files.size(file) < MOST_BYTES, () -> name + " is too large");
    }
}
