package org.templatevault.client;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that only its owner can read, from its first byte on. It takes its name when it is whole: whoever interrupts the
 * client finds what was there before.
 */
public final class PrivateFile implements AutoCloseable {
    private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(PrivateFile::removeUnfinished, "unfinished-files"));
    }

    private final Path target;
    private final Path fresh;
    private final FileChannel channel;
    private final OutputStream stream;

    private PrivateFile(Path target, Path fresh, FileChannel channel) {
        this.target = target;
        this.fresh = fresh;
        this.channel = channel;
        this.stream = Channels.newOutputStream(channel);
    }

    /** Begins a file beside the one that it will replace. */
    public static PrivateFile replacing(Path file) throws IOException {
        Path target = file.toAbsolutePath();
        if (Files.isDirectory(target)) {
            throw new IOException(file + " is a directory");
        }
        Path parent = target.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException("there is no directory for " + file);
        }
        Path fresh = Files.createTempFile(parent, ".vault-", ".part", ownerOnly(parent));
        UNFINISHED.add(fresh);
        return new PrivateFile(target, fresh, FileChannel.open(fresh, StandardOpenOption.WRITE));
    }

    /** Writes a whole file. */
    public static void write(Path file, byte[] bytes) throws IOException {
        try (PrivateFile fresh = replacing(file)) {
            fresh.stream().write(bytes);
            fresh.keep();
        }
    }

    /** Opens a file to read and to add to, made where it is absent. */
    public static FileChannel append(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        return FileChannel.open(
                file,
                EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                parent == null ? new FileAttribute<?>[0] : ownerOnly(parent));
    }

    private static FileAttribute<?>[] ownerOnly(Path directory) throws IOException {
        boolean posix = Files.getFileStore(directory).supportsFileAttributeView("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    /** Where to write. */
    public OutputStream stream() {
        return stream;
    }

    /** The last line of what was written so far, if that has an end and is not longer than this; else nothing. */
    String lastLine(int longest) throws IOException {
        try (FileChannel written = FileChannel.open(fresh, StandardOpenOption.READ)) {
            long from = Math.max(0, written.size() - longest);
            written.position(from);
            String end = new String(Channels.newInputStream(written).readAllBytes(), StandardCharsets.UTF_8);
            int last = end.lastIndexOf('\n', end.length() - 2);
            return end.endsWith("\n") && (last >= 0 || from == 0)
                    ? end.substring(last + 1).strip()
                    : "";
        }
    }

    /** Makes what was written durable, and gives it its name. */
    public void keep() throws IOException {
        channel.force(true);
        channel.close();
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        UNFINISHED.remove(fresh);
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(fresh);
        UNFINISHED.remove(fresh);
    }

    private static void removeUnfinished() {
        for (Path file : UNFINISHED) {
            if (!file.toFile().delete()) {
                System.err.println("Remove this by hand: " + file);
            }
        }
    }
}
