package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The clock of a process, which a test can set: a library that is loaded before all others adds an offset to the time of day,
 * and leaves the monotonic clock alone, as setting a host's clock does.
 */
public final class WrongClock {
    private static final String SOURCE = """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>

            static long none;
            static volatile long *offset;

            static long seconds(void) {
              if (!offset) {
                int file = open(OFFSET, O_RDONLY);
                void *page = file < 0 ? MAP_FAILED : mmap(0, sizeof none, PROT_READ, MAP_SHARED, file, 0);
                if (file >= 0) close(file);
                offset = page == MAP_FAILED ? &none : page;
              }
              return *offset;
            }

            int clock_gettime(clockid_t which, struct timespec *at) {
              int result = syscall(SYS_clock_gettime, which, at);
              if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) at->tv_sec += seconds();
              return result;
            }

            int gettimeofday(struct timeval *at, void *zone) {
              struct timespec now;
              int result = clock_gettime(CLOCK_REALTIME, &now);
              at->tv_sec = now.tv_sec;
              at->tv_usec = now.tv_nsec / 1000;
              return result;
            }

            time_t time(time_t *at) {
              struct timespec now;
              clock_gettime(CLOCK_REALTIME, &now);
              if (at) *at = now.tv_sec;
              return now.tv_sec;
            }
            """;

    private final Path directory;

    private WrongClock(Path directory) {
        this.directory = directory;
    }

    /** Compiles it, set right; nothing where there is no C compiler. */
    public static Optional<WrongClock> in(Path directory) {
        WrongClock made = new WrongClock(directory);
        try {
            made.set(Duration.ZERO);
            Path source = Files.writeString(directory.resolve("clock.c"), SOURCE);
            Process gcc = new ProcessBuilder(
                            "gcc",
                            "-shared",
                            "-fPIC",
                            "-o",
                            made.preload(),
                            "-DOFFSET=\"" + made.offset() + '"',
                            source.toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!gcc.waitFor(60, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
                throw new IllegalStateException(said);
            }
            return Optional.of(made);
        } catch (IOException noCompiler) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    /** What the process has to be started with, as {@code LD_PRELOAD}. */
    public String preload() {
        return directory.resolve("libclock.so").toString();
    }

    private Path offset() {
        return directory.resolve("clock-offset");
    }

    /** Sets the clock so far from the host's, also of a process that runs. */
    public void set(Duration fromTheHosts) {
        ByteBuffer seconds = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(fromTheHosts.toSeconds())
                .flip();
        try (var file = Files.newByteChannel(offset(), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(seconds);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
