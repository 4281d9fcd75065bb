package org.templatevault.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.ConsoleMessage;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.templatevault.testing.VaultServer;

/**
 * One person before one browser. Whatever the page complains about — an error in its console or its code, a breach of its
 * content security policy, an answer of 400 or more, a request without an answer — fails the test when the visitor
 * closes, unless {@link #allow} was told of it.
 */
public final class Visitor implements AutoCloseable {
    /** What the rules of WCAG 2.2, levels A and AA, and axe's own best practices find. */
    private static final String AXE_RUN =
            "() => axe.run(document).then(found => found.violations.map(v => v.id + ': ' + v.help + ' at '"
                    + " + v.nodes.map(n => n.target.join(' ') + ' (' + n.failureSummary + ')').join(', ')))";
    /** A breach is reported as an event; it becomes an error in the console even where the browser would only count it. */
    private static final String TELL_BREACHES = "document.addEventListener('securitypolicyviolation', e =>"
            + " console.error('CSP: ' + e.effectiveDirective + ' ' + e.blockedURI + ' ' + e.sample))";

    private final VaultServer server;
    private final BrowserContext context;
    private final Page page;
    private final List<String> complaints = new ArrayList<>();
    private final List<Pattern> allowed = new ArrayList<>();

    private Visitor(VaultServer server, Browser.NewContextOptions options) {
        this.server = server;
        this.context = Chromium.browser().newContext(options.setIgnoreHTTPSErrors(true));
        context.setDefaultTimeout(Chromium.PATIENCE);
        context.addInitScript(TELL_BREACHES);
        this.page = context.newPage();
        page.onConsoleMessage(this::hear);
        page.onPageError(error -> complaints.add("page error: " + error));
        page.onRequestFailed(this::hear);
        page.onResponse(this::hear);
    }

    /** A visitor with a laptop, not signed in. The calling test is skipped where there is no browser. */
    public static Visitor at(VaultServer server) {
        return at(server, new Browser.NewContextOptions().setViewportSize(1280, 800));
    }

    /** A visitor with a phone, not signed in. */
    static Visitor withPhone(VaultServer server) {
        return at(
                server,
                new Browser.NewContextOptions()
                        .setViewportSize(360, 740)
                        .setDeviceScaleFactor(2)
                        .setIsMobile(true)
                        .setHasTouch(true));
    }

    /** A visitor whose system is dark, not signed in. */
    static Visitor inTheDark(VaultServer server) {
        return at(
                server,
                new Browser.NewContextOptions().setViewportSize(1280, 800).setColorScheme(ColorScheme.DARK));
    }

    private static Visitor at(VaultServer server, Browser.NewContextOptions options) {
        Chromium.requireInstalled();
        return new Visitor(server, options);
    }

    /** Signs in through the page, as the generated user of this role, and waits for the console. */
    Visitor signIn(String role) {
        return signIn(role, server.password(role));
    }

    /** Signs in through the page and waits for the console. */
    Visitor signIn(String user, String password) {
        open("sign-in.html");
        give(user, password);
        page.waitForURL(address -> !address.contains("sign-in"));
        return this;
    }

    /** Fills in the present sign-in page and sends it. */
    void give(String user, String password) {
        page.fill("#user", user);
        page.fill("#password", password);
        page.click("#submit");
    }

    /** Goes to an address below {@code /console/}, such as {@code #/keys}. */
    public Visitor open(String path) {
        page.navigate(address(path));
        return this;
    }

    /** The full address of a path below {@code /console/}. */
    public String address(String path) {
        return "https://localhost:" + server.port() + "/console/" + path;
    }

    public Page page() {
        return page;
    }

    /** The cookies of this browser. */
    List<com.microsoft.playwright.options.Cookie> cookies() {
        return context.cookies();
    }

    /** Complaints that match this, such as {@code 401 POST /console/session}, are expected from here on. */
    public Visitor allow(String pattern) {
        allowed.add(Pattern.compile(pattern));
        return this;
    }

    /** What the page complained about so far and nobody allowed. */
    List<String> complaints() {
        return complaints.stream()
                .filter(complaint ->
                        allowed.stream().noneMatch(one -> one.matcher(complaint).find()))
                .toList();
    }

    /** The present page has no violation that axe can find. */
    public Visitor checkAxe() {
        page.evaluate(AXE);
        assertEquals(List.of(), page.evaluate(AXE_RUN), page.url());
        return this;
    }

    /** … in either of the two themes, of which the dark one stays. */
    Visitor checkAxeInBothThemes() {
        for (ColorScheme theme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
            checkAxe();
        }
        return this;
    }

    /** Nothing of the present page is wider than the window. */
    Visitor checkWidth() {
        Object beyond = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth");
        assertEquals(true, ((Number) beyond).intValue() <= 0, () -> page.url() + " is wider by " + beyond);
        return this;
    }

    private static final String AXE = axe();

    private static String axe() {
        try (InputStream script = Objects.requireNonNull(Visitor.class.getResourceAsStream("/axe.min.js"))) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The browser's own words about an answer of 400 or more are left out: {@link #hear(Response)} has it. */
    private void hear(ConsoleMessage message) {
        boolean answer = message.text().startsWith("Failed to load resource");
        if (message.type().equals("error") && !answer) {
            complaints.add("console: " + message.text());
        }
    }

    private void hear(Response response) {
        if (response.status() >= 400) {
            complaints.add(response.status() + " " + words(response.request()));
        }
    }

    /** What the page itself gives up, as when it is left, is no failure. */
    private void hear(Request request) {
        if (!request.failure().contains("ERR_ABORTED")) {
            complaints.add("no answer: " + words(request) + " " + request.failure());
        }
    }

    private static String words(Request request) {
        return request.method() + " " + URI.create(request.url()).getPath();
    }

    /** Closes the browser's window; fails on any complaint. */
    @Override
    public void close() {
        List<String> heard = complaints();
        context.close();
        assertEquals(List.of(), heard, "The page complained");
    }
}
