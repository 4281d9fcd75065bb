package org.templatevault.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultClient;

/**
 * The console in a browser that has asked for a password by itself, as at {@code /openapi}, and adds it to every request
 * from then on.
 */
class KeptPasswordIT {
    private static final String SESSION = "/console/session";

    private final VaultClient nobody = SharedVault.server().client();

    private static JsonObject session(VaultClient client) {
        return client.callOutside("GET", SESSION).send().expect(200).json();
    }

    @Test
    void isNotLookedAtWhereAPageIsInASession() {
        VaultClient session = nobody.inSession("operator").with("X-Console", "1");
        for (VaultClient page :
                List.of(session.as("auditor"), session.as("operator"), session.withPassword("x", "y"))) {
            assertEquals("operator", session(page).getString("caller"));
            page.get("/keys").send().expect(200);
            page.get("/audit?limit=1").send().problem(403, "forbidden");
            page.callOutside("GET", "/openapi").send().expect(200);
        }
    }

    @Test
    void doesNotStandForTheSessionsToken() {
        String cookie = nobody.signIn("operator", SharedVault.server().password("operator"))
                .expect(204)
                .cookies();
        nobody.with("Cookie", cookie)
                .with("X-Console", "1")
                .as("operator")
                .post("/copies")
                .send()
                .problem(403, "csrf-token-missing");
    }

    @Test
    void isNobodysWhereAPageIsInNoSession() {
        VaultClient page = nobody.as("operator").with("X-Console", "1");
        for (VaultClient client : List.of(page, page.with("Cookie", "__Host-vault=over"))) {
            Answer keys = client.get("/keys").send();
            keys.problem(401, "not-signed-in");
            assertEquals("", keys.header("WWW-Authenticate"));
            client.callOutside("GET", SESSION).send().problem(401, "not-signed-in");
        }
        nobody.as("operator").get("/keys").send().expect(200);
    }

    @Test
    void hindersNobodyFromSigningInAsSomebodyElse() {
        for (VaultClient page : List.of(
                nobody.as("operator").with("X-Console", "1"),
                nobody.as("operator"),
                nobody.as("auditor").with("X-Console", "1"))) {
            Answer signedIn = page.signIn("auditor", SharedVault.server().password("auditor"));
            JsonObject session =
                    session(nobody.with("Cookie", signedIn.expect(204).cookies()));
            assertEquals("auditor", session.getString("caller"));
            assertEquals("[\"auditor\"]", session.getJsonArray("roles").toString());
        }
        nobody.as("operator").with("X-Console", "1").signIn("auditor", "wrong").problem(401, "not-signed-in");
    }

    @Test
    void hindersNobodyFromSigningOut() {
        VaultClient page = nobody.inSession("operator").as("operator").with("X-Console", "1");
        page.callOutside("DELETE", SESSION).send().expect(204);
        page.callOutside("GET", SESSION).send().problem(401, "not-signed-in");
    }
}
