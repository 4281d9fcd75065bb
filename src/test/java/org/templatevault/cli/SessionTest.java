package org.templatevault.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** By what callers with a token are told apart. */
class SessionTest {
    private static String token(String claims) {
        return "e30." + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8))
                + ".c2ln\n";
    }

    @Test
    void tellsTheCallersOfTokensApartAndKnowsThoseWithAnotherTokenAgain() {
        String one =
                Session.bearer(token("{\"iss\":\"https://issuer\",\"upn\":\"station-1\",\"sub\":\"7\",\"exp\":1}"));
        assertEquals(one, Session.bearer(token("{\"iss\":\"https://issuer\",\"upn\":\"station-1\",\"exp\":2}")));
        assertNotEquals(one, Session.bearer(token("{\"iss\":\"https://issuer\",\"upn\":\"station-2\"}")));
        assertNotEquals(one, Session.bearer(token("{\"iss\":\"https://other\",\"upn\":\"station-1\"}")));
    }

    @Test
    void takesWhatIsNoTokenForAnybodys() {
        for (String wrong : new String[] {"", "a", "a.b.c", "a.%%.c", "e30.W10.c2ln", token("{\"sub\":7}")}) {
            assertEquals("token", Session.bearer(wrong).split(" ", 2)[0]);
        }
    }
}
