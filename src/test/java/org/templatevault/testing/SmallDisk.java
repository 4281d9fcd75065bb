package org.templatevault.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A file system of its own of a few dozen MiB, in memory, beside the test homes. Mounting one needs root. */
public final class SmallDisk implements AutoCloseable {
    private static final int BLOCK = 4096;

    private final Path directory;
    private boolean mounted = true;

    private SmallDisk(Path directory) {
        this.directory = directory;
    }

    /** Mounts it; nothing where that is not allowed or not known. */
    public static Optional<SmallDisk> mount(int mebibytes) {
        Path directory = Path.of(System.getProperty("vault.it.directory", "target/it"), "small-disk")
                .toAbsolutePath();
        try {
            Files.createDirectories(directory);
            run("umount", "-l", directory.toString()); // of a run that was killed
            if (!run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", directory.toString())) {
                return Optional.empty();
            }
            SmallDisk disk = new SmallDisk(directory);
            CleanUp.later(disk);
            return Optional.of(disk);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean run(String... command) throws IOException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException unknownCommand) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Where it is mounted. */
    public Path directory() {
        return directory;
    }

    /** Takes all the room that is left. */
    public void fill() {
        try (OutputStream ballast = Files.newOutputStream(ballast())) {
            while (true) {
                ballast.write(new byte[BLOCK]);
            }
        } catch (IOException full) {
            if (directory.toFile().getUsableSpace() >= BLOCK) {
                throw new UncheckedIOException(full);
            }
        }
    }

    /** Gives the room back. */
    public void makeRoom() {
        try {
            Files.deleteIfExists(ballast());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path ballast() {
        return directory.resolve("ballast");
    }

    @Override
    public void close() {
        if (!mounted) {
            return;
        }
        mounted = false;
        try {
            for (List<String> command :
                    List.of(List.of("umount", directory.toString()), List.of("umount", "-l", directory.toString()))) {
                if (run(command.toArray(String[]::new))) {
                    return;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
