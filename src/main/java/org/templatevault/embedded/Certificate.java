package org.templatevault.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** A self-signed certificate for the loopback names, made at the first start by the JDK's own keytool. */
final class Certificate {
    private Certificate() {}

    /** Makes {@code tls.p12} and, for clients to trust, {@code tls.pem}; keeps those that exist. */
    static void ensure(Home home, String password) throws IOException {
        Path store = home.file("tls.p12");
        if (!Files.exists(store)) {
            generate(store, password);
        }
        try (var in = Files.newInputStream(store)) {
            KeyStore keyStore = KeyStore.getInstance("PKCS12");
            keyStore.load(in, password.toCharArray());
            byte[] encoded = keyStore.getCertificate("vault").getEncoded();
            Home.write(
                    home.file("tls.pem"),
                    "-----BEGIN CERTIFICATE-----\n"
                            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
                            + "\n-----END CERTIFICATE-----\n");
        } catch (GeneralSecurityException e) {
            throw new IOException("The TLS key store " + store + " does not open with its password", e);
        }
    }

    private static void generate(Path store, String password) throws IOException {
        Path fresh = store.resolveSibling("tls.p12.new");
        Files.deleteIfExists(fresh);
        ProcessBuilder keytool = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "vault",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                "825",
                "-dname",
                "CN=localhost, O=Template Vault (embedded)",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1,ip:::1",
                "-ext",
                "eku=serverAuth",
                "-storetype",
                "PKCS12",
                "-keystore",
                fresh.toString(),
                "-storepass:env",
                "STOREPASS"));
        keytool.environment().put("STOREPASS", password);
        Process process = keytool.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("keytool could not make the TLS certificate: " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted while keytool was running", e);
        }
        Home.ownerOnlyFile(fresh);
        Files.move(fresh, store, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
}
