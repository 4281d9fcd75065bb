package org.templatevault.session;

import java.time.Instant;
import java.util.List;

/**
 * Somebody who is signed in to the console.
 *
 * @param caller the name, as the registry or the provider knows it
 * @param roles as they were at the sign-in
 * @param csrf what the header {@code X-CSRF-Token} of each unsafe request must hold
 * @param expiresAt when it ends if nothing more is done
 * @param signIn {@code password} or {@code openid}
 */
record Session(String caller, List<String> roles, String csrf, Instant expiresAt, String signIn) {
    /** Everything but the token. */
    @Override
    public String toString() {
        return "Session[" + caller + ", " + roles + "]";
    }
}
