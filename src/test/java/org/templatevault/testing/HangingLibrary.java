package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A PKCS#11 library that passes every call on to another one, and in which the look for slots, the first call of every
 * use, does not return for as long as a test says. It is compiled where it is needed.
 */
public final class HangingLibrary {
    private static final String SOURCE = """
            #include <dlfcn.h>
            #include <fcntl.h>
            #include <string.h>
            #include <unistd.h>

            typedef unsigned long rv;
            typedef rv (*look)(unsigned char, unsigned long *, unsigned long *);
            /* CK_FUNCTION_LIST of PKCS #11 2.20: a version, and 68 functions of which C_GetSlotList is the fifth. */
            typedef struct { unsigned char version[2]; void *functions[68]; } list;

            static list ours;
            static look theirs;

            static rv slow(unsigned char present, unsigned long *slots, unsigned long *count) {
              if (access(WHILE, F_OK) == 0) {
                int calls = open(CALLS, O_WRONLY | O_CREAT | O_APPEND, 0600);
                if (write(calls, "x", 1) != 1) return 5;
                close(calls);
                while (access(WHILE, F_OK) == 0) usleep(10000);
              }
              return theirs(present, slots, count);
            }

            rv C_GetFunctionList(list **out) {
              rv (*real)(list **) = (rv (*)(list **)) dlsym(dlopen(REAL, RTLD_NOW), "C_GetFunctionList");
              list *found;
              rv result = real(&found);
              if (result != 0) return result;
              memcpy(&ours, found, sizeof ours);
              theirs = (look) ours.functions[4];
              ours.functions[4] = (void *) slow;
              *out = &ours;
              return 0;
            }
            """;

    private final Path directory;

    private HangingLibrary(Path directory) {
        this.directory = directory;
    }

    /** Compiles it; the calling test is skipped where there is no C compiler. */
    public static HangingLibrary before(String library, Path directory) {
        HangingLibrary made = new HangingLibrary(directory);
        try {
            Path source = Files.writeString(directory.resolve("hanging.c"), SOURCE);
            String said = run(
                    "gcc",
                    "-shared",
                    "-fPIC",
                    "-o",
                    made.path(),
                    "-DREAL=\"" + library + '"',
                    "-DWHILE=\"" + made.flag() + '"',
                    "-DCALLS=\"" + made.record() + '"',
                    source.toString(),
                    "-ldl");
            if (!Files.exists(Path.of(made.path()))) {
                throw new IllegalStateException(said);
            }
            return made;
        } catch (IOException noCompiler) {
            System.out.println("Skipped: there is no gcc for a library that hangs");
            Assumptions.abort("There is no gcc");
            return made;
        }
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
        return said;
    }

    /** Where it stands. */
    public String path() {
        return directory.resolve("libhanging.so").toString();
    }

    private Path flag() {
        return directory.resolve("hang");
    }

    private Path record() {
        return directory.resolve("hanging-calls");
    }

    /** From now on a call does not return. */
    public void hang() {
        try {
            Files.createFile(flag());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets all calls return. */
    public void goOn() {
        try {
            Files.delete(flag());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many calls have come while it hung, in all. */
    public long calls() {
        try {
            return Files.exists(record()) ? Files.size(record()) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
