package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/**
 * A PKCS#11 library that passes every call on to another one, and in which, for as long as a test says, a function does
 * not return or reports an error. It is compiled where it is needed.
 */
public final class FaultyLibrary {
    /** Functions of PKCS #11 2.20 that can be made to fail, by their places in CK_FUNCTION_LIST. */
    public enum Function {
        /** The first of every use. */
        C_GetSlotList(4),
        /** What a token is called. */
        C_GetTokenInfo(6),
        /** Every use. */
        C_OpenSession(12),
        /** Every use. */
        C_Login(18),
        /** Deletion. */
        C_DestroyObject(22),
        /** What an object is. */
        C_GetAttributeValue(24),
        /** Where a key is. */
        C_FindObjectsInit(26),
        /** Where a key is. */
        C_FindObjects(27),
        /** Wrapping. */
        C_EncryptInit(29),
        /** Wrapping. */
        C_Encrypt(30),
        /** Unwrapping. */
        C_DecryptInit(33),
        /** Unwrapping. */
        C_Decrypt(34),
        /** A new root key. */
        C_GenerateKey(58);

        private final int place;

        Function(int place) {
            this.place = place;
        }
    }

    /** CKF_USER_PIN_FINAL_TRY: one more wrong PIN locks the token. */
    public static final int USER_PIN_FINAL_TRY = 0x20000;
    /** CKF_USER_PIN_LOCKED. */
    public static final int USER_PIN_LOCKED = 0x40000;

    private static final String SOURCE = """
            #include <dlfcn.h>
            #include <fcntl.h>
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>

            typedef unsigned long rv;
            typedef rv (*any)(rv, rv, rv, rv, rv, rv, rv, rv);
            /* CK_FUNCTION_LIST of PKCS #11 2.20: a version, and 68 functions. */
            typedef struct { unsigned char version[2]; void *functions[68]; } list;

            /* CK_TOKEN_INFO begins with texts of 32, 32, 16 and 16 bytes. */
            enum { GET_TOKEN_INFO = 6, FLAGS_AT = 96 };

            static list ours, theirs;

            static int hangs(int place) {
              FILE *wanted = fopen(WHILE, "r");
              int at = -1;
              if (wanted == 0) return 0;
              if (fscanf(wanted, "%d", &at) != 1) at = -1;
              fclose(wanted);
              return at == place;
            }

            static rv returns(int place) {
              if (hangs(place)) {
                int calls = open(CALLS, O_WRONLY | O_CREAT | O_APPEND, 0600);
                if (write(calls, "x", 1) != 1) return 5;
                close(calls);
                while (hangs(place)) usleep(10000);
              }
              return 0;
            }

            static rv fault(int place, int *done) {
              FILE *wanted = fopen(FAULT, "r");
              int of = -1;
              rv error = 0;
              if (wanted == 0) return 0;
              if (fscanf(wanted, "%d %lu %d", &of, &error, done) != 3) of = -1;
              fclose(wanted);
              return of == place ? error : 0;
            }

            static rv added_flags(void) {
              FILE *wanted = fopen(FLAGS, "r");
              rv flags = 0;
              if (wanted == 0) return 0;
              if (fscanf(wanted, "%lu", &flags) != 1) flags = 0;
              fclose(wanted);
              return flags;
            }

            #define PLACE(n) static rv f##n(rv a, rv b, rv c, rv d, rv e, rv f, rv g, rv h) { \\
              int done = 0; \\
              rv error = returns(n), result = 0; \\
              if (!error) error = fault(n, &done); \\
              if (!error || done) result = ((any) theirs.functions[n])(a, b, c, d, e, f, g, h); \\
              if (n == GET_TOKEN_INFO && !error && !result) *(rv *) (b + FLAGS_AT) |= added_flags(); \\
              return error ? error : result; \\
            }
            PLACES
            #undef PLACE

            rv C_GetFunctionList(list **out) {
              rv (*real)(list **) = (rv (*)(list **)) dlsym(dlopen(REAL, RTLD_NOW), "C_GetFunctionList");
              list *found;
              rv result = real(&found);
              if (result != 0) return result;
              memcpy(&ours, found, sizeof ours);
              memcpy(&theirs, found, sizeof theirs);
            #define PLACE(n) ours.functions[n] = (void *) f##n;
              PLACES
              *out = &ours;
              return 0;
            }
            """;

    private final Path directory;

    private FaultyLibrary(Path directory) {
        this.directory = directory;
    }

    /** Compiles it; the calling test is skipped where there is no C compiler. */
    public static FaultyLibrary before(String library, Path directory) {
        FaultyLibrary made = new FaultyLibrary(directory);
        try {
            Path source = Files.writeString(directory.resolve("faulty.c"), SOURCE);
            String said = run(
                    "gcc",
                    "-shared",
                    "-fPIC",
                    "-o",
                    made.path(),
                    "-DREAL=\"" + library + '"',
                    "-DWHILE=\"" + made.flag() + '"',
                    "-DCALLS=\"" + made.record() + '"',
                    "-DFAULT=\"" + made.fault() + '"',
                    "-DFLAGS=\"" + made.flags() + '"',
                    "-DPLACES=" + places(),
                    source.toString(),
                    "-ldl");
            if (!Files.exists(Path.of(made.path()))) {
                throw new IllegalStateException(said);
            }
            return made;
        } catch (IOException noCompiler) {
            System.out.println("Skipped: there is no gcc for a library with faults");
            Assumptions.abort("There is no gcc");
            return made;
        }
    }

    private static String places() {
        return Arrays.stream(Function.values())
                .map(function -> "PLACE(" + function.place + ')')
                .collect(Collectors.joining(" "));
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
        return directory.resolve("libfaulty.so").toString();
    }

    private Path flag() {
        return directory.resolve("hang");
    }

    private Path record() {
        return directory.resolve("hanging-calls");
    }

    private Path fault() {
        return directory.resolve("fault");
    }

    private Path flags() {
        return directory.resolve("token-flags");
    }

    /**
     * From now on this function reports this error; any other one is right again.
     *
     * @param done whether it does what it is asked for all the same
     */
    public void fail(Function function, int error, boolean done) {
        try {
            Files.writeString(fault(), function.place + " " + error + (done ? " 1" : " 0"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on a token says that it has these flags of CK_TOKEN_INFO as well. */
    public void addTokenFlags(int flags) {
        try {
            Files.writeString(flags(), String.valueOf(flags));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on no function fails. */
    public void mend() {
        try {
            Files.deleteIfExists(fault());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on the first call of every use does not return. */
    public void hang() {
        hang(Function.C_GetSlotList);
    }

    /** From now on a call of this function does not return. */
    public void hang(Function function) {
        try {
            Files.writeString(flag(), String.valueOf(function.place));
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
