package org.templatevault.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Which certificates prove the server. There is no way to trust everybody. */
final class Trust {
    private Trust() {}

    /**
     * The certificates of a PEM file, or those of the JVM.
     *
     * @throws IllegalArgumentException if the file cannot be read or has no certificate
     */
    static SSLContext in(@Nullable Path pem) {
        try {
            if (pem == null) {
                return SSLContext.getDefault();
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(keyStore(pem));
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read the certificates in " + pem, e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("no certificates in PEM form in " + pem, e);
        }
    }

    private static KeyStore keyStore(Path pem) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            int number = 0;
            for (Certificate certificate : found) {
                trusted.setCertificateEntry("ca-" + number++, certificate);
            }
        }
        if (trusted.size() == 0) {
            throw new IllegalArgumentException("no certificates in PEM form in " + pem);
        }
        return trusted;
    }
}
