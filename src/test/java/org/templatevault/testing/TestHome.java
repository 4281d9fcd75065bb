package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.sql.DataSource;
import org.templatevault.embedded.Database;
import org.templatevault.embedded.Home;
import org.templatevault.embedded.ServerConfig;

/**
 * A home below the build directory with a PostgreSQL of its own, empty at the start. A test may kill this PostgreSQL and
 * start it again on the same port and data.
 */
public final class TestHome implements AutoCloseable {
    private static final Path ROOT =
            Path.of(System.getProperty("vault.it.directory", "target/it")).toAbsolutePath();

    private final Path directory;
    private final Home home;
    private Database database;
    private boolean closed;

    private TestHome(Path directory, Home home, Database database) {
        this.directory = directory;
        this.home = home;
        this.database = database;
    }

    /** Makes the home anew; what an earlier run left of it is removed. */
    public static TestHome create(String name) {
        try {
            Path directory = ROOT.resolve(name);
            Home home = Home.open(directory);
            clear(directory);
            TestHome made = new TestHome(directory, home, Database.start(home, binaries(), 0));
            CleanUp.later(made);
            return made;
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("Cannot prepare the test home " + name, e);
        }
    }

    /** Shared by all test homes: unpacking takes longer than starting. */
    static Path binaries() throws IOException {
        return Files.createDirectories(ROOT.resolve("postgres-binaries"));
    }

    /** An earlier run that was killed may have left its PostgreSQL behind. */
    private static void clear(Path directory) throws IOException {
        Path pidFile = directory.resolve("postgres").resolve("postmaster.pid");
        if (Files.exists(pidFile)) {
            String pid = Files.readAllLines(pidFile).get(0).trim();
            ProcessHandle.of(Long.parseLong(pid))
                    .filter(process -> process.info()
                            .command()
                            .filter(command -> command.startsWith(ROOT.toString()))
                            .isPresent())
                    .ifPresent(TestHome::killTree);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(directory) && !file.equals(directory.resolve("lock"))) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void killTree(ProcessHandle postmaster) {
        List<ProcessHandle> all = new ArrayList<>(postmaster.descendants().toList());
        all.add(0, postmaster);
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle process : all) {
            process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }

    /** The directory of this home. */
    public Path directory() {
        return directory;
    }

    /** The database that runs now. */
    public synchronized Database database() {
        return database;
    }

    /** The vault's database, past every right and past the application. */
    public DataSource superuser() {
        return database().superuser("vault");
    }

    /** Ends PostgreSQL as a power cut would: kill -9 for the postmaster and its children. */
    public synchronized void killDatabase() {
        try {
            String pid = Files.readAllLines(directory.resolve("postgres").resolve("postmaster.pid"))
                    .get(0)
                    .trim();
            killTree(ProcessHandle.of(Long.parseLong(pid)).orElseThrow());
        } catch (IOException e) {
            throw new IllegalStateException("PostgreSQL is not running", e);
        }
    }

    /** Starts PostgreSQL again on the same port and data. */
    public synchronized void restartDatabase() {
        try {
            int port = database.port();
            database.close(); // the process is gone; this gives back its lock
            database = Database.start(home, binaries(), port);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("PostgreSQL does not start again", e);
        }
    }

    /** Writes the generated part of the server's configuration. */
    void writeServerConfig(String databaseUrl, Map<String, String> variables) throws IOException {
        ServerConfig.write(home, database(), databaseUrl, variables);
    }

    /** Makes the certificate and the users of this home without a server. */
    public void makeCertificate() throws IOException {
        writeServerConfig(database().url(), Map.of());
    }

    /** The aliases in the key store's file. */
    public List<String> rootKeys() {
        try (var file = Files.newInputStream(directory.resolve("keystore.p12"))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(file, password("keystore"));
            return Collections.list(store.aliases());
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("The key store of " + directory + " does not open", e);
        }
    }

    /** The password of the key store's file. */
    public String keyStorePassword() {
        try {
            return new String(password("keystore"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private char[] password(String name) throws IOException {
        Properties known = new Properties();
        try (var passwords = Files.newBufferedReader(directory.resolve("keystore.properties"))) {
            known.load(passwords);
        }
        return known.getProperty(name).toCharArray();
    }

    /** TLS with this home's certificate, for a server of the tests' own that the vault's server trusts. */
    public SSLContext tls() {
        try (var file = Files.newInputStream(directory.resolve("tls.p12"))) {
            char[] password = password("tls");
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(file, password);
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("No certificate in " + directory, e);
        }
    }

    /** Waits for what becomes true; fails with the words given. */
    public static void await(String what, Duration patience, java.util.function.BooleanSupplier condition) {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("Still waiting after " + patience + ": " + what);
            }
            pause(Duration.ofMillis(100));
        }
    }

    /** Waits for nothing but the time. */
    public static void pause(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            database.close();
            home.close();
        } catch (IOException e) {
            throw new IllegalStateException("PostgreSQL does not stop", e);
        }
    }
}
