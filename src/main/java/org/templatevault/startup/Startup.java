package org.templatevault.startup;

import jakarta.annotation.PostConstruct;
import jakarta.ejb.Singleton;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.templatevault.config.InvalidSettingsException;
import org.templatevault.config.Settings;
import org.templatevault.keyring.FirstKeys;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyStoreUnavailableException;
import org.templatevault.keyring.RootKeyWatch;
import org.templatevault.persistence.DatabaseUnavailableException;
import org.templatevault.trail.Genesis;

/**
 * Starts the vault or stops the server: a vault that is half configured serves nobody. The refusal is one line that
 * names the setting.
 */
@Singleton
@jakarta.ejb.Startup
@TransactionManagement(TransactionManagementType.BEAN)
public class Startup {
    private static final System.Logger LOG = System.getLogger(Startup.class.getName());
    /** The exit code of a refusal: EX_CONFIG of sysexits.h. Another start would not help. */
    private static final int REFUSED = 78;
    /** The exit code where only the database or the token is not there now: EX_TEMPFAIL. */
    private static final int NOT_NOW = 75;

    @Inject
    Instance<Settings> settings;

    @Inject
    Instance<DatabaseCheck> database;

    @Inject
    Instance<FirstKeys> keys;

    @Inject
    Instance<RootKeyWatch> rootKeys;

    @Inject
    Instance<Genesis> trail;

    private volatile boolean started;

    /** Checks and opens everything; on a refusal the server stops with exit code 78, without a database or token with 75. */
    @PostConstruct
    public void start() {
        try {
            requireG1();
            requireCertificate(settings.get());
            requireNameInBatch(settings.get().nodeName());
            database.get().migrateAndCheck(settings.get());
            KeyRing ring = keys.get().openOrMake();
            rootKeys.get().look();
            trail.get().begin();
            started = true;
            LOG.log(System.Logger.Level.INFO, "Template Vault started, {0}", ring);
        } catch (Throwable e) {
            refuse(e);
            throw e;
        }
    }

    /** Whether everything was opened. */
    public boolean isStarted() {
        return started;
    }

    private static void requireG1() {
        boolean g1 = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .anyMatch(collector -> collector.getName().startsWith("G1"));
        if (!g1) {
            throw new IllegalStateException("-XX:+UseG1GC is required: other collectors leave copies of released keys");
        }
    }

    /** Without its certificate the server would listen to nobody, and say so only in a log. */
    private static void requireCertificate(Settings settings) {
        Path file = Path.of(settings.tlsKeyStoreFile());
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore.getInstance("PKCS12")
                    .load(in, settings.tlsKeyStorePassword().toCharArray());
        } catch (IOException e) {
            String setting = e.getCause() instanceof GeneralSecurityException
                    ? "VAULT_TLS_KEYSTORE_PASSWORD: does not open "
                    : "VAULT_TLS_KEYSTORE_FILE: cannot read ";
            throw new InvalidSettingsException(List.of(setting + file));
        } catch (GeneralSecurityException e) {
            throw new InvalidSettingsException(List.of("VAULT_TLS_KEYSTORE_FILE: not a PKCS#12 key store: " + file));
        }
    }

    /** Batch takes the live jobs of a server of the same name and place for its own, and ends them at its start. */
    private static void requireNameInBatch(String nodeName) {
        String name = batchName();
        boolean isDefault = nodeName.equals(Settings.DEFAULT_NODE_NAME) && name.contains("${");
        if (!isDefault && !name.equalsIgnoreCase(nodeName)) {
            throw new InvalidSettingsException(
                    List.of("VAULT_NODE has to come from the environment: what runs the jobs reads it nowhere else"));
        }
    }

    private static String batchName() {
        try {
            return String.valueOf(ManagementFactory.getPlatformMBeanServer()
                    .getAttribute(new ObjectName("WebSphere:feature=kernel,name=ServerInfo"), "DefaultHostname"));
        } catch (JMException e) {
            throw new IllegalStateException("The server does not tell its name", e);
        }
    }

    private static void refuse(Throwable failure) {
        try {
            String reason = reason(failure);
            LOG.log(System.Logger.Level.ERROR, "Template Vault refuses to start: " + reason, failure);
            System.err.println("Template Vault refuses to start: " + reason);
        } finally {
            Thread stop = new Thread(() -> System.exit(exitCode(failure)), "vault-refusal");
            stop.setDaemon(true);
            stop.start();
        }
    }

    private static int exitCode(Throwable failure) {
        if (DatabaseUnavailableException.causeOf(failure).isPresent()) {
            return NOT_NOW;
        }
        for (Throwable t = failure; t != null; t = t.getCause()) {
            boolean tokenAway = t instanceof KeyStoreUnavailableException keyStore && keyStore.isForNow();
            if (tokenAway || t instanceof DatabaseAwayException || t instanceof DatabaseUnavailableException) {
                return NOT_NOW;
            }
        }
        return REFUSED;
    }

    private static String reason(Throwable failure) {
        Throwable deepest = failure;
        for (Throwable t = failure; t != null; t = t.getCause()) {
            deepest = t instanceof InvalidSettingsException || t == failure ? t : deepest;
        }
        return deepest instanceof Error ? deepest.toString() : String.valueOf(deepest.getMessage());
    }
}
