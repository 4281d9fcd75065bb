package org.templatevault.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** One session on two nodes, over a restart, and to its end. */
@Tag("long")
class SessionNodesIT {
    private static final int LONGEST_SECONDS = 12;

    @Test
    void isGoodOnEveryNodeAndOverARestartAndOverOnAllAtOnce() {
        VaultServer first = SharedVault.mortal().server();
        VaultServer second = VaultServer.on(SharedVault.mortal().home(), "b")
                .variable("VAULT_SESSION_IDLE_SECONDS", "5")
                .variable("VAULT_SESSION_MAX_SECONDS", Integer.toString(LONGEST_SECONDS))
                .start();
        VaultClient one = first.client().inSession("operator");
        VaultClient other = one.at(second);
        other.get("/keys").send().expect(200);
        first.kill();
        first.start();
        one.get("/keys").send().expect(200);
        one.callOutside("DELETE", "/console/session").send().expect(204);
        other.get("/keys").send().problem(401, "not-signed-in");
        endsWhateverIsDone(second);
        endsWhenNothingIsDone(second);
        second.stop();
    }

    private static void endsWhateverIsDone(VaultServer server) {
        VaultClient session = server.client().inSession("operator");
        long began = System.nanoTime();
        TestHome.await("the session's absolute end", Duration.ofSeconds(LONGEST_SECONDS + 5), () -> {
            TestHome.pause(Duration.ofMillis(400));
            return session.get("/keys").send().status() == 401;
        });
        Duration lasted = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(lasted.toSeconds() >= LONGEST_SECONDS - 1, lasted::toString);
    }

    private static void endsWhenNothingIsDone(VaultServer server) {
        VaultClient session = server.client().inSession("operator");
        VaultClient page = session.with("X-Console", "poll");
        long began = System.nanoTime();
        TestHome.await("the session's idle end", Duration.ofSeconds(10), () -> {
            TestHome.pause(Duration.ofMillis(200));
            return page.get("/keys").send().status() == 401;
        });
        Duration lasted = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(lasted.toMillis() < 8_000, lasted::toString);
        session.get("/keys").send().problem(401, "not-signed-in");
    }
}
