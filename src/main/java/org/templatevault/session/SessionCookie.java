package org.templatevault.session;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import java.util.Optional;

/**
 * The cookie of a session: out of reach for scripts, sent over TLS only, never sent for another site, and gone with the
 * browser. Its name's prefix makes browsers refuse one from another host or over plain HTTP (RFC 6265bis §4.1.3.2); that
 * asks for the path {@code /}, which the pages and the API have in common anyway.
 */
final class SessionCookie {
    static final String NAME = "__Host-vault";
    private static final String ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict";

    private SessionCookie() {}

    static Optional<String> of(HttpServletRequest request) {
        Cookie[] cookies = request.getCookies();
        return cookies == null
                ? Optional.empty()
                : Arrays.stream(cookies)
                        .filter(cookie -> cookie.getName().equals(NAME))
                        .map(Cookie::getValue)
                        .findFirst();
    }

    static void set(HttpServletResponse response, String token) {
        response.addHeader("Set-Cookie", NAME + "=" + token + ATTRIBUTES);
    }

    static void clear(HttpServletResponse response) {
        response.addHeader("Set-Cookie", NAME + "=; Max-Age=0" + ATTRIBUTES);
    }
}
