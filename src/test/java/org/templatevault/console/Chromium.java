package org.templatevault.console;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Playwright;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.templatevault.testing.CleanUp;

/** The system's Chromium, started once for all tests of this JVM. Tests are skipped where there is none. */
final class Chromium {
    private static final List<String> PLACES =
            List.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");

    private static @Nullable Browser browser;

    private Chromium() {}

    /** Skips the calling test where no Chromium is installed, and says so. */
    static void requireInstalled() {
        boolean installed = executable().isPresent();
        if (!installed) {
            System.out.println("Skipped: Chromium is not installed (Debian: apt-get install chromium)");
        }
        Assumptions.assumeTrue(installed, "Chromium is not installed");
    }

    private static Optional<Path> executable() {
        return PLACES.stream().map(Path::of).filter(Files::isExecutable).findFirst();
    }

    static synchronized Browser browser() {
        if (browser == null) {
            Playwright playwright = Playwright.create(
                    new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
            CleanUp.later(playwright);
            browser = playwright
                    .chromium()
                    .launch(new BrowserType.LaunchOptions()
                            .setExecutablePath(executable().orElseThrow())
                            .setArgs(List.of("--no-sandbox", "--disable-dev-shm-usage")));
        }
        return browser;
    }
}
