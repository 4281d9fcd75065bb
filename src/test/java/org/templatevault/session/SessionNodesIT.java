package org.templatevault.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultClient;
import org.templatevault.testing.VaultServer;

/** One session on two nodes, over a restart, and to its end. */
@Tag("long")
@Tag("nightly")
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
        tellsTheTrailOfADeniedSignIn(second);
    }

    /** Denials are counted, and written once a minute and at the end: whoever has no password must not fill the trail. */
    private static void tellsTheTrailOfADeniedSignIn(VaultServer server) {
        String body = "{\"user\":\"c4n4ry\",\"password\":\"c4n4ry\"}";
        server.client()
                .raw(
                        "POST /console/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\nConnection: close\r\n\r\n" + body,
                        "127.0.0.68");
        server.stop();
        List<String> lines = new Rows(server.home())
                .texts("select line from vault.audit_entry where line::json ->> 'address' = '127.0.0.68'");
        assertEquals(1, lines.size(), lines::toString);
        assertTrue(lines.get(0).contains("\"denied\""), lines::toString);
        assertFalse(lines.get(0).contains("c4n4ry"), lines::toString);
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
