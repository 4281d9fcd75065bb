package org.templatevault.embedded;

import com.sun.management.OperatingSystemMXBean;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.templatevault.persistence.Migration;

/**
 * A real PostgreSQL on a free port of the loopback interface: passwords for everybody, fsync and synchronous_commit on,
 * statement parameters never logged. The owner's role migrates; the application's role cannot change the schema.
 */
public final class Database implements AutoCloseable {
    static final String OWNER = "vault_owner";
    static final String APPLICATION = "vault_app";
    private static final String SUPERUSER = "postgres";
    private static final Pattern FRESH = Pattern.compile("postgres-new-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final long MOST_SHARED_MIB = 1024;
    private static final Map<String, String> SERVER_CONFIG = Map.ofEntries(
            Map.entry("fsync", "on"),
            Map.entry("synchronous_commit", "on"),
            Map.entry("full_page_writes", "on"),
            Map.entry("listen_addresses", "localhost"),
            Map.entry("unix_socket_directories", ""),
            Map.entry("shared_buffers", sharedBuffers()),
            // A new segment of the WAL is filled with zeros under the lock that every commit waits for.
            Map.entry("min_wal_size", "1GB"),
            Map.entry("max_wal_size", "2GB"),
            Map.entry("max_connections", "120"),
            Map.entry("log_parameter_max_length", "0"),
            Map.entry("log_parameter_max_length_on_error", "0"));

    private final EmbeddedPostgres postgres;
    private final Properties passwords;

    private Database(EmbeddedPostgres postgres, Properties passwords) {
        this.postgres = postgres;
        this.passwords = passwords;
    }

    /** A quarter of the memory, as operations want it, and no more than a vault beside other programs should take. */
    private static String sharedBuffers() {
        long memory =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.min(MOST_SHARED_MIB, memory / (4L << 20)) + "MB";
    }

    /**
     * Starts the database of this home on the port given, or a free one for 0, makes it at the first start and migrates
     * its schema.
     */
    public static Database start(Home home, int port) throws IOException, SQLException {
        return start(home, home.directory("postgres-binaries"), port);
    }

    /** As {@link #start(Home, int)}, with the directory in which PostgreSQL's binaries are unpacked. */
    public static Database start(Home home, Path binaries, int port) throws IOException, SQLException {
        Properties passwords = home.secrets("database.properties", SUPERUSER, OWNER, APPLICATION);
        Path data = home.file("postgres");
        for (Path left : home.directories(FRESH)) {
            clear(left, binaries);
        }
        if (Files.exists(data)) {
            stopLeftBehind(binaries, data);
        } else {
            make(home, binaries, passwords, data);
        }
        Database database = new Database(run(home, binaries, passwords, home.directory("postgres"), port), passwords);
        database.prepare();
        return database;
    }

    /** Beside its place, where it comes when it is whole: of one that was killed nothing is left there. */
    private static void make(Home home, Path binaries, Properties passwords, Path data) throws IOException {
        Path fresh = home.directory("postgres-new-" + UUID.randomUUID());
        run(home, binaries, passwords, fresh, 0).close();
        Home.move(fresh, data);
    }

    private static void clear(Path left, Path binaries) {
        try {
            stopLeftBehind(binaries, left);
            Home.delete(left);
        } catch (IOException | RuntimeException stillWritten) { // by an initdb that outlives who began it: next time
            System.getLogger(Database.class.getName())
                    .log(System.Logger.Level.DEBUG, "Not cleared: " + left, stillWritten);
        }
    }

    /** Starts PostgreSQL on a directory; in an empty one it makes a database with passwords for everybody first. */
    private static EmbeddedPostgres run(Home home, Path binaries, Properties passwords, Path data, int port)
            throws IOException {
        Path passwordFile = Files.createTempFile(home.directory("server"), "init", null);
        try {
            Home.write(passwordFile, passwords.getProperty(SUPERUSER));
            EmbeddedPostgres.Builder builder = builder(home, binaries, data)
                    .setLocaleConfig("locale", "C")
                    .setLocaleConfig("auth-host", "scram-sha-256")
                    .setLocaleConfig("auth-local", "scram-sha-256")
                    .setLocaleConfig("pwfile", passwordFile.toString())
                    .setConnectConfig("password", passwords.getProperty(SUPERUSER));
            if (port != 0) {
                builder.setPort(port);
            }
            return builder.start();
        } finally {
            Files.deleteIfExists(passwordFile);
        }
    }

    private static EmbeddedPostgres.Builder builder(Home home, Path binaries, Path data) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(binaries.toFile())
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setErrorRedirector(log(home))
                .setOutputRedirector(log(home));
        SERVER_CONFIG.forEach(builder::setServerConfig);
        return builder;
    }

    private static ProcessBuilder.Redirect log(Home home) throws IOException {
        return ProcessBuilder.Redirect.appendTo(
                home.directory("logs").resolve("postgres.log").toFile());
    }

    /** A PostgreSQL that a killed process left running: this process holds the home, so nobody else uses it. */
    private static void stopLeftBehind(Path binaries, Path data) throws IOException {
        Path pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        List<String> lines = Files.readAllLines(pidFile);
        var process = lines.isEmpty()
                ? java.util.Optional.<ProcessHandle>empty()
                : ProcessHandle.of(Long.parseLong(lines.get(0).trim()));
        boolean ours = process.flatMap(p -> p.info().command())
                .filter(command -> command.startsWith(binaries.toAbsolutePath().toString()))
                .isPresent();
        if (ours) {
            process.get().destroy();
            process.get()
                    .onExit()
                    .orTimeout(30, java.util.concurrent.TimeUnit.SECONDS)
                    .join();
        }
    }

    private void prepare() throws SQLException {
        try (Connection connection = superuser("postgres").getConnection()) {
            setRole(connection, OWNER);
            setRole(connection, APPLICATION);
            if (!exists(connection, "select 1 from pg_database where datname = 'vault'")) {
                execute(connection, "create database vault owner " + OWNER);
            }
            execute(connection, "revoke all on database vault from public");
            execute(connection, "grant connect on database vault to " + APPLICATION);
        }
        Migration.run(url(), OWNER, password(OWNER), APPLICATION);
    }

    private void setRole(Connection connection, String role) throws SQLException {
        String verb = exists(connection, "select 1 from pg_roles where rolname = '" + role + "'") ? "alter" : "create";
        execute(connection, verb + " role " + role + " login password '" + password(role) + "'");
    }

    private static boolean exists(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            return rows.next();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The vault's database as the superuser sees it: for tests that go behind the application's back. */
    public DataSource superuser(String database) {
        return postgres.getDatabase(SUPERUSER, database, Map.of("password", password(SUPERUSER)));
    }

    /** The JDBC URL of the vault's database, without a password. */
    public String url() {
        return "jdbc:postgresql://localhost:" + port() + "/vault";
    }

    /** The port on the loopback interface. */
    public int port() {
        return postgres.getPort();
    }

    String password(String role) {
        return passwords.getProperty(role);
    }

    @Override
    public void close() throws IOException {
        postgres.close();
    }
}
