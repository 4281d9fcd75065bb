package org.templatevault.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory that outlives a restart: database, key store, TLS certificate and generated passwords, readable by its
 * owner only. One process at a time holds it.
 */
public final class Home implements AutoCloseable {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final boolean POSIX =
            FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

    private final Path root;
    private final FileChannel lockChannel;
    private final FileLock lock;

    private Home(Path root, FileChannel lockChannel, FileLock lock) {
        this.root = root;
        this.lockChannel = lockChannel;
        this.lock = lock;
    }

    /**
     * Makes the directory where it is absent and takes it for this process.
     *
     * @throws IllegalStateException if another process holds it; the message names the directory
     */
    public static Home open(Path directory) {
        Path root = directory.toAbsolutePath().normalize();
        try {
            ownerOnly(Files.createDirectories(root));
            FileChannel channel =
                    FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new IllegalStateException("Another vault is running on " + root
                        + ". Stop it, or give this one its own VAULT_HOME and VAULT_HTTPS_PORT.");
            }
            return new Home(root, channel, lock);
        } catch (IOException e) {
            throw new UncheckedIOException("VAULT_HOME: cannot use the directory " + root, e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        }
    }

    /** A directory of this name below the home, made if absent. */
    public Path directory(String name) throws IOException {
        return ownerOnly(Files.createDirectories(root.resolve(name)));
    }

    /** The path of a file of this name below the home. */
    public Path file(String name) {
        return root.resolve(name);
    }

    /**
     * The named secrets of a properties file; those that are absent are generated (192 bits each) and written before
     * they are returned.
     */
    Properties secrets(String fileName, String... names) throws IOException {
        Path file = file(fileName);
        Properties secrets = new Properties();
        if (Files.exists(file)) {
            try (var reader = Files.newBufferedReader(file)) {
                secrets.load(reader);
            }
        }
        StringBuilder added = new StringBuilder();
        for (String name : names) {
            if (secrets.getProperty(name) == null) {
                secrets.setProperty(name, newPassword());
                added.append(name).append('=').append(secrets.getProperty(name)).append('\n');
            }
        }
        if (added.length() > 0) {
            write(file, (Files.exists(file) ? Files.readString(file) : "") + added);
        }
        return secrets;
    }

    /** Replaces a file as a whole: readable by its owner only from its first byte. */
    static void write(Path file, String content) throws IOException {
        Path parent = java.util.Objects.requireNonNull(file.getParent());
        Path fresh = POSIX
                ? Files.createTempFile(
                        parent,
                        "new",
                        null,
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
                : Files.createTempFile(parent, "new", null);
        Files.writeString(fresh, content, StandardOpenOption.SYNC);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /**
     * Gives a directory its name, durably: a crash leaves it under the old one, or for ever under the new one.
     */
    static void move(Path directory, Path name) throws IOException {
        Files.move(directory, name, StandardCopyOption.ATOMIC_MOVE);
        if (POSIX) {
            try (FileChannel parent = FileChannel.open(java.util.Objects.requireNonNull(name.getParent()))) {
                parent.force(true);
            }
        }
    }

    /** The directories below the home with such names. */
    List<Path> directories(Pattern name) throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            return all.filter(
                            path -> name.matcher(path.getFileName().toString()).matches())
                    .toList();
        }
    }

    /** Deletes a directory with all that is in it. */
    static void delete(Path directory) throws IOException {
        try (Stream<Path> below = Files.walk(directory)) {
            for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String newPassword() {
        byte[] bytes = new byte[24];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static void ownerOnlyFile(Path file) throws IOException {
        if (POSIX) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    private static Path ownerOnly(Path directory) throws IOException {
        if (POSIX) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        }
        return directory;
    }

    @Override
    public void close() throws IOException {
        lock.release();
        lockChannel.close();
    }
}
