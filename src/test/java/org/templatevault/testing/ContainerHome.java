package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Prepares database and server directory for a container that Arquillian manages, before Arquillian reads its
 * configuration: stands before its extension. Inside the container, where this runs again, it does nothing.
 */
public final class ContainerHome implements BeforeAllCallback {
    private static boolean prepared;

    @Override
    public void beforeAll(ExtensionContext context) {
        boolean outside = System.getProperty("vault.it.wlp") != null;
        if (outside && !prepared) {
            prepared = true;
            prepare();
        }
    }

    private static void prepare() {
        TestHome home = TestHome.create("container");
        // The container is found among all Java processes of this machine by its server's name.
        String name = "arquillian-" + ProcessHandle.current().pid();
        Path user = VaultServer.on(home).prepare(name);
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path server = user.resolve("servers").resolve(name);
            Path binding = user.resolve("application-bnd.xml");
            adapt(server.resolve("server.xml"), binding, free.getLocalPort());
            System.setProperty("vault.container.user", user.toString());
            System.setProperty("vault.container.name", name);
            System.setProperty("vault.container.binding", binding.toString());
            System.setProperty("vault.container.port", Integer.toString(free.getLocalPort()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The production configuration, but for what Arquillian does itself: it adds the application and its bindings. */
    private static void adapt(Path serverXml, Path binding, int httpPort) throws IOException {
        String xml = Files.readString(serverXml);
        int from = xml.indexOf("<application-bnd>");
        String end = "</application-bnd>";
        Files.writeString(binding, xml.substring(from, xml.indexOf(end) + end.length()));
        String adapted = xml.replaceAll("(?s)<webApplication .*</webApplication>", "")
                .replace("httpPort=\"-1\"", "httpPort=\"" + httpPort + "\"")
                .replaceAll("<applicationMonitor [^>]*>", "<applicationMonitor updateTrigger=\"mbean\"/>")
                .replaceAll("<config updateTrigger=[^>]*>", "")
                .replace("<featureManager>", "<featureManager><feature>localConnector-1.0</feature>");
        Files.writeString(serverXml, adapted);
    }
}
