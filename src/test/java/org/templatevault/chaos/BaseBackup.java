package org.templatevault.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Stream;
import org.templatevault.testing.TestHome;

/**
 * A base backup of a running PostgreSQL and its write-ahead log, made and restored as the manual says ("Continuous
 * Archiving and Point-in-Time Recovery"): what comes up is another timeline.
 */
final class BaseBackup {
    private static final Set<String> NOT_COPIED =
            Set.of("postmaster.pid", "postmaster.opts", "epg-lock", "pg_stat_tmp", "pg_replslot");

    private final TestHome home;
    private final Path data;
    private final Path copy;
    private final Path log;

    private BaseBackup(TestHome home, String name) throws IOException {
        this.home = home;
        this.data = home.directory().resolve("postgres");
        this.copy = home.directory().resolve("backup-" + name);
        this.log = Files.createDirectories(home.directory().resolve("wal-" + name));
    }

    /** Copies the data directory while PostgreSQL works in it. */
    static BaseBackup take(TestHome home, String name) throws IOException, SQLException {
        BaseBackup backup = new BaseBackup(home, name);
        try (Connection connection = home.superuser().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_backup_start('" + name + "', true)");
            copy(backup.data, backup.copy);
            try (ResultSet stopped = statement.executeQuery("select labelfile from pg_backup_stop(true)")) {
                stopped.next();
                Files.writeString(backup.copy.resolve("backup_label"), stopped.getString(1));
            }
        }
        return backup;
    }

    /** Takes the log as it is now along: what was committed until now is in the backup. */
    BaseBackup withLog() throws IOException, SQLException {
        try (Connection connection = home.superuser().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_switch_wal()");
        }
        copyFiles(data.resolve("pg_wal"), log);
        return this;
    }

    /** Puts the backup in the place of the database, which is not running, and starts it. */
    void restore() throws IOException {
        delete(data);
        copy(copy, data);
        Files.writeString(
                data.resolve("postgresql.auto.conf"),
                "\nrestore_command = 'cp \"" + log
                        + "/%f\" \"%p\"'\nrecovery_target_timeline = 'latest'\nhot_standby = off\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        Files.createFile(data.resolve("recovery.signal"));
        home.restartDatabase();
    }

    /** Without the segments that PostgreSQL is just making, which have another name before. */
    private static void copyFiles(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(BaseBackup::isSegment).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static boolean isSegment(Path file) {
        return file.getFileName().toString().matches("[0-9A-F]{24}") && Files.isRegularFile(file);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path relative = from.relativize(file);
                boolean left = relative.getNameCount() > 0
                        && (NOT_COPIED.contains(relative.getName(0).toString())
                                || (relative.startsWith("pg_wal") && Files.isRegularFile(file)));
                if (!left) {
                    copyOne(file, to.resolve(relative.toString()));
                }
            }
        }
        Files.createDirectories(to.resolve("pg_stat_tmp"));
        Files.createDirectories(to.resolve("pg_replslot"));
    }

    /** A file that PostgreSQL removed meanwhile is not needed: the log says so. */
    private static void copyOne(Path file, Path to) throws IOException {
        try {
            Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
        } catch (NoSuchFileException removed) {
            if (Files.exists(file)) {
                throw removed;
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
