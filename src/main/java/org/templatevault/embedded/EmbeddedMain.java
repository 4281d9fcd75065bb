package org.templatevault.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;

/**
 * Prepares the embedded default inside the build's JVM and returns: the build then runs the server, and both end with
 * it.
 */
public final class EmbeddedMain {
    private EmbeddedMain() {}

    /**
     * @param args the home directory
     * @throws IllegalStateException if the home is in use or the HTTPS port is taken
     */
    public static void main(String[] args) throws IOException, SQLException {
        int port = httpsPort();
        refuseTakenPort(port);
        Home home = Home.open(Path.of(args[0]));
        Database database = Database.start(home, 0);
        ServerConfig.write(home, database, database.url(), Map.of("VAULT_CONSOLE_FORMAT", "dev"));
        Home.write(home.file("address"), "https://localhost:" + port + "\n");
        Announcement.whenReady(home, port);
    }

    private static int httpsPort() {
        String value = System.getenv().getOrDefault("VAULT_HTTPS_PORT", "9443");
        try {
            int port = Integer.parseInt(value);
            if (port >= 1 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException notANumber) {
            throw new IllegalStateException("VAULT_HTTPS_PORT is not a port: " + value, notANumber);
        }
        throw new IllegalStateException("VAULT_HTTPS_PORT is not a port: " + value);
    }

    private static void refuseTakenPort(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            socket.setReuseAddress(true);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The port " + port
                            + " is taken, perhaps by a vault that is running. Stop it, or set VAULT_HTTPS_PORT.",
                    e);
        }
    }
}
