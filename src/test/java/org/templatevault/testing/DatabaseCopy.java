package org.templatevault.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A second PostgreSQL made of one that runs, as an operator makes it: a base backup by {@code pg_backup_start}, a copy of
 * the data directory and {@code pg_backup_stop} (PostgreSQL manual, "Making a Base Backup Using the Low Level API"), which
 * then follows as a hot standby, or is restored by recovery from copied segments of the log.
 */
public final class DatabaseCopy implements AutoCloseable {
    /** A PostgreSQL of which a copy can be made. */
    public record Cluster(Path data, int port, DataSource superuser) {
        /** The one of this home. */
        public static Cluster of(TestHome home) {
            return new Cluster(
                    home.directory().resolve("postgres"), home.database().port(), home.superuser());
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Not part of a backup, or made anew at the start. */
    private static final Set<String> LEFT_OUT = Set.of(
            "postmaster.pid", "postmaster.opts", "epg-lock", "standby.signal", "recovery.signal", "backup_label");
    /** The directories are part of a backup, their content is not. */
    private static final Set<String> EMPTY = Set.of("pg_wal", "pg_replslot", "pg_stat_tmp", "pg_subtrans", "pg_notify");

    private final TestHome home;
    private final Cluster source;
    private final String name;
    private final Path data;
    private final int port = VaultServer.freePort();
    private @Nullable EmbeddedPostgres postgres;

    private DatabaseCopy(TestHome home, Cluster source, String name) {
        this.home = home;
        this.source = source;
        this.name = name;
        this.data = home.directory().resolve("postgres-" + name);
    }

    /** A hot standby that follows the source under this name, with a replication slot of the same name. */
    public static DatabaseCopy standby(TestHome home, Cluster source, String name) {
        DatabaseCopy made = new DatabaseCopy(home, source, name);
        made.onSource("select pg_create_physical_replication_slot('" + name + "', true)");
        made.baseBackup();
        made.configure(
                "standby.signal",
                "primary_conninfo = 'host=localhost port=" + source.port + " user=postgres password=" + made.password()
                        + " application_name=" + name + "'",
                "primary_slot_name = '" + name + "'",
                "hot_standby = on");
        made.start();
        return made;
    }

    /** A base backup of the source and all segments of its log, restored by recovery to their end. */
    public static DatabaseCopy restored(TestHome home, Cluster source, String name) {
        DatabaseCopy made = new DatabaseCopy(home, source, name);
        made.baseBackup();
        Path archive = home.directory().resolve("archive-" + name);
        made.onSource("select pg_switch_wal()");
        try (Stream<Path> segments = Files.list(source.data.resolve("pg_wal"))) {
            Files.createDirectories(archive);
            for (Path segment : segments.filter(Files::isRegularFile).toList()) {
                Files.copy(segment, archive.resolve(segment.getFileName().toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        made.configure("recovery.signal", "restore_command = 'cp \"" + archive + "/%f\" \"%p\"'");
        made.start();
        made.awaitNoRecovery();
        return made;
    }

    private void onSource(String sql) {
        try (Connection connection = source.superuser.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** The session that begins the backup ends it. */
    private void baseBackup() {
        try (Connection connection = source.superuser.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_backup_start('" + name + "', true)");
            copyFiles();
            try (ResultSet end = statement.executeQuery("select labelfile from pg_backup_stop(false)")) {
                end.next();
                Files.writeString(data.resolve("backup_label"), end.getString(1));
            }
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("No base backup of " + source.data, e);
        }
    }

    private void copyFiles() throws IOException {
        Files.walkFileTree(source.data, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Path relative = source.data.relativize(directory);
                if (relative.getNameCount() > 1
                        && EMPTY.contains(relative.getName(0).toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(
                        target(directory),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path relative = source.data.relativize(file);
                if (!EMPTY.contains(relative.getName(0).toString()) && !LEFT_OUT.contains(relative.toString())) {
                    Files.copy(file, target(file));
                }
                return FileVisitResult.CONTINUE;
            }

            /** What PostgreSQL removes while it is copied, the log brings about. */
            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
    }

    private Path target(Path file) {
        return data.resolve(source.data.relativize(file).toString());
    }

    private void configure(String signal, String... lines) {
        try {
            Files.write(data.resolve("postgresql.auto.conf"), List.of(lines), StandardOpenOption.TRUNCATE_EXISTING);
            Files.createFile(data.resolve(signal));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String password() {
        Properties passwords = new Properties();
        try (var reader = Files.newBufferedReader(home.directory().resolve("database.properties"))) {
            passwords.load(reader);
            return passwords.getProperty("postgres");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts it, also after {@link #stop}. */
    public void start() {
        var log = ProcessBuilder.Redirect.appendTo(
                home.directory().resolve("logs/postgres-" + name + ".log").toFile());
        try {
            EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                    .setOverrideWorkingDirectory(TestHome.binaries().toFile())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setPort(port)
                    .setPGStartupWait(PATIENCE)
                    .setConnectConfig("password", password())
                    .setErrorRedirector(log)
                    .setOutputRedirector(log);
            Map.of(
                            "fsync", "on",
                            "synchronous_commit", "on",
                            "full_page_writes", "on",
                            "listen_addresses", "localhost",
                            "unix_socket_directories", "",
                            "max_connections", "120")
                    .forEach(builder::setServerConfig);
            postgres = builder.start();
            CleanUp.later(this);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Stops it; its slot stays. */
    public void stop() {
        EmbeddedPostgres running = postgres;
        postgres = null;
        try {
            if (running != null) {
                running.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets a standby receive the log and apply nothing of it. */
    public void pauseReplay() {
        run("select pg_wal_replay_pause()");
        TestHome.await("replay is paused", PATIENCE, () -> answer("select pg_get_wal_replay_pause_state() = 'paused'"));
    }

    /** Lets it go on. */
    public void resumeReplay() {
        run("select pg_wal_replay_resume()");
    }

    /** Waits until a standby has applied what the source has committed. */
    public void awaitCaughtUp() {
        String position =
                new Rows(source.superuser).texts("select pg_current_wal_lsn()").get(0);
        TestHome.await(
                name + " has caught up",
                PATIENCE,
                () -> answer("select pg_last_wal_replay_lsn() >= '" + position + "'::pg_lsn"));
    }

    /** Makes a standby a primary. */
    public void promote() {
        run("select pg_promote()");
        awaitNoRecovery();
    }

    private void awaitNoRecovery() {
        TestHome.await(name + " takes writes", PATIENCE, () -> answer("select not pg_is_in_recovery()"));
    }

    private boolean answer(String question) {
        return new Rows(superuser()).texts(question).get(0).equals("t");
    }

    private void run(String sql) {
        new Rows(superuser()).texts(sql);
    }

    /** The vault's database in it. */
    public DataSource superuser() {
        return java.util.Objects.requireNonNull(postgres)
                .getDatabase("postgres", "vault", Map.of("password", password()));
    }

    /** As the source of a further copy. */
    public Cluster cluster() {
        return new Cluster(data, port, superuser());
    }

    /** Ends a standby for good: nobody waits for it any more. */
    public void forget() {
        stop();
        TestHome.await(
                "its slot is free",
                PATIENCE,
                () -> new Rows(source.superuser)
                        .texts("select count(pg_drop_replication_slot(slot_name)) from pg_replication_slots"
                                + " where slot_name = '" + name + "' and not active")
                        .get(0)
                        .equals("1"));
    }

    @Override
    public void close() {
        stop();
    }
}
