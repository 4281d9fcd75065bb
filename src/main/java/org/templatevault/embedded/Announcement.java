package org.templatevault.embedded;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Waits until the server says that it is ready, then tells the person at the terminal how to use it. */
final class Announcement {
    private Announcement() {}

    static void whenReady(Home home, int port) {
        Thread thread = new Thread(() -> waitAndPrint(home, port), "vault-announcement");
        thread.setDaemon(true);
        thread.start();
    }

    private static void waitAndPrint(Home home, int port) {
        String address = "https://localhost:" + port;
        try {
            HttpClient client = HttpClient.newBuilder()
                    .sslContext(trusting(home.file("tls.pem")))
                    .build();
            HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/health/ready"))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            while (!isReady(client, request)) {
                Thread.sleep(500);
            }
            System.out.println(text(home, address));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | GeneralSecurityException e) {
            System.err.println("Cannot watch for the server's readiness: " + e.getMessage());
        }
    }

    private static boolean isReady(HttpClient client, HttpRequest request) throws InterruptedException {
        try {
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static SSLContext trusting(Path pem) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var in = Files.newInputStream(pem)) {
            trusted.setCertificateEntry(
                    "vault", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static String text(Home home, String address) {
        Path credentials = home.file("credentials.properties");
        return """

                Template Vault is ready.
                  address    %s/api/v1
                  passwords  %s  (one user for each role, named after it)
                  to try     curl --cacert %s -u "enroller:$(sed -n 's/^enroller=//p' %s)" -X POST %s/api/v1/subjects
                  to stop    Ctrl-C
                """.formatted(address, credentials, home.file("tls.pem"), credentials, address);
    }
}
