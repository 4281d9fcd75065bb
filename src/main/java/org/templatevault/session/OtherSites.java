package org.templatevault.session;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether a browser sends a request for a page of another site. Such a page can set none of the headers looked at here; the
 * browser adds whatever credentials it has, a password that it once asked for included.
 */
final class OtherSites {
    private static final Set<String> OWN = Set.of("same-origin", "none");

    private OtherSites() {}

    /**
     * A browser's own word about the site decides. One that does not give it names the page's origin; by that name the
     * vault need not know itself behind a proxy, so that the console's own header counts as well.
     */
    static boolean sent(HttpServletRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        if (site != null) {
            return !OWN.contains(site);
        }
        String origin = request.getHeader("Origin");
        return origin != null
                && request.getHeader(SessionFilter.PAGE) == null
                && !origin.equalsIgnoreCase(origin(request.getHeader("Host")));
    }

    private static String origin(@Nullable String host) {
        return "https://" + (host == null ? "" : host.replaceFirst(":443$", ""));
    }
}
