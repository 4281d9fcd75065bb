package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/** The beginning of the trail, by several nodes. */
@Tag("long")
@Tag("nightly")
class GenesisIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** The first is held before it writes the state that it has seen missing; the second begins the trail meanwhile. */
    @Test
    void isMadeOnceByTwoNodesThatStartTogether() throws Exception {
        try (TestHome home = TestHome.create("genesis");
                DatabaseProxy proxy = DatabaseProxy.before(home.database().port());
                VaultServer first = VaultServer.on(home, "a").through(proxy);
                VaultServer second = VaultServer.on(home, "b")) {
            try (Hold hold = proxy.holdStatement("insert into vault.audit_state")) {
                first.launch();
                hold.awaitHeld(PATIENCE);
                second.start();
            }
            first.awaitReady(PATIENCE);
            assertEquals(1, new Rows(home).number("select count(*) from vault.audit_state"));
        }
    }
}
