package org.templatevault.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL and one server for all tests that leave them as they were, started at the first use. Between the two
 * stands a proxy that hears every statement.
 */
public final class SharedVault {
    private static @Nullable VaultServer server;
    private static @Nullable DatabaseProxy proxy;
    private static @Nullable Mortal mortal;
    private static final TokenIssuer ISSUER = TokenIssuer.create();

    /**
     * A server, its database and the proxy between them, for tests that kill; each leaves them running. Its rotations
     * have one partition, so that a test which holds a chunk holds every subject in it; what two people decide has no
     * waiting time, and erased rows are vacuumed at once.
     */
    public record Mortal(TestHome home, DatabaseProxy proxy, VaultServer server) {}

    private SharedVault() {}

    /** The server, ready. */
    public static synchronized VaultServer server() {
        if (server == null) {
            TestHome home = TestHome.create("shared");
            proxy = DatabaseProxy.before(home.database().port());
            Path key = home.directory().resolve("issuer.pem");
            ISSUER.publish(key);
            server = VaultServer.on(home)
                    .through(proxy)
                    .variable("VAULT_JWT_ISSUER", TokenIssuer.NAME)
                    .variable("VAULT_JWT_KEY_LOCATION", key.toUri().toString())
                    .start();
        }
        return server;
    }

    /** The proxy between the server and its database. */
    public static synchronized DatabaseProxy proxy() {
        server();
        return java.util.Objects.requireNonNull(proxy);
    }

    /** The server that tests may kill, with a PostgreSQL of its own that they may kill as well. */
    public static synchronized Mortal mortal() {
        if (mortal == null) {
            TestHome home = TestHome.create("mortal");
            DatabaseProxy between = DatabaseProxy.before(home.database().port());
            mortal = new Mortal(
                    home,
                    between,
                    VaultServer.on(home)
                            .through(between)
                            .variable("VAULT_ROTATION_PARTITIONS", "1")
                            .variable("VAULT_APPROVAL_WAIT_MINUTES", "0")
                            .variable("VAULT_ERASURE_VACUUM_MINUTES", "0")
                            .start());
        }
        return mortal;
    }

    /** The homes of those that run. */
    static synchronized List<TestHome> homes() {
        List<TestHome> homes = new ArrayList<>();
        if (server != null) {
            homes.add(server.home());
        }
        if (mortal != null) {
            homes.add(mortal.home());
        }
        return homes;
    }

    /** Who makes the tokens that {@link #server} trusts, beside the users of its registry. */
    public static TokenIssuer issuer() {
        return ISSUER;
    }

    /** A client signed in as the user of this role. */
    public static VaultClient as(String role) {
        return server().as(role);
    }
}
