package org.templatevault.operations;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Hold;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;

class FiguresIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static double age() {
        return SharedVault.as("operator")
                .callOutside("GET", "/metrics")
                .send()
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith("vault_figures_age_seconds"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }

    /** They are read every five seconds. */
    @Test
    void tellTheirAgeWhileTheyCannotBeRead() {
        SharedVault.server();
        try (Hold hold = SharedVault.proxy().holdStatement("from vault.quarantine")) {
            hold.awaitHeld(PATIENCE);
            TestHome.await("the figures are old", PATIENCE, () -> age() > 7);
        }
        TestHome.await("the figures are new again", PATIENCE, () -> age() < 5);
    }
}
