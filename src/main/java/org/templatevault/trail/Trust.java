package org.templatevault.trail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** By which certificates the receivers of checkpoints are trusted. */
final class Trust {
    private Trust() {}

    /**
     * TLS that trusts the certificates of a file.
     *
     * @param pem without it those of the JVM
     */
    static SSLContext by(Optional<String> pem) throws IOException {
        try {
            return pem.isEmpty() ? SSLContext.getDefault() : byFile(Path.of(pem.get()));
        } catch (GeneralSecurityException e) {
            throw new IOException("VAULT_AUDIT_CHECKPOINT_CA_FILE is not one of certificates", e);
        }
    }

    private static SSLContext byFile(Path pem) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                trusted.setCertificateEntry("ca-" + trusted.size(), certificate);
            }
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
