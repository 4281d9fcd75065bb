package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.parsson.JsonProviderImpl;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import picocli.CommandLine;

/** The client as a process of its own, with what the runnable jar has of it, and nothing of the server. */
record ClientProcess(Process process, Path out, Path err) {
    private static final int PATIENCE_SECONDS = 120;

    /** What it said and how it ended. */
    static final class Outcome {
        private final int exitCode;
        private final byte[] out;
        private final String err;

        private Outcome(int exitCode, byte[] out, String err) {
            this.exitCode = exitCode;
            this.out = out;
            this.err = err;
        }

        int exitCode() {
            return exitCode;
        }

        byte[] out() {
            return out;
        }

        String err() {
            return err;
        }

        /** This outcome, which must have this exit code, and no stack trace. */
        Outcome expect(int code) {
            Assertions.assertEquals(code, exitCode, this::toString);
            Assertions.assertFalse(err.contains("\tat "), this::toString);
            return this;
        }

        String text() {
            return new String(out, StandardCharsets.UTF_8);
        }

        JsonObject json() {
            try (var reader = Json.createReader(new StringReader(text()))) {
                return reader.readObject();
            }
        }

        @Override
        public String toString() {
            return "exit " + exitCode + "\n" + text() + err;
        }
    }

    static Outcome run(String... args) {
        return start(Map.of(), args).await();
    }

    /** Starts it with these variables and without standard input. */
    static ClientProcess start(Map<String, String> environment, String... args) {
        return start(environment, null, args);
    }

    /** The same, with its answer to a file that is not kept; null for one that is. */
    static ClientProcess start(Map<String, String> environment, @Nullable Path output, String... args) {
        try {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:-UsePerfData",
                    "-cp",
                    classPath(),
                    "org.templatevault.cli.VaultMain"));
            command.addAll(List.of(args));
            Path out = Files.createTempFile("client", ".out");
            Path err = Files.createTempFile("client", ".err");
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            builder.redirectInput(new java.io.File("/dev/null"));
            builder.redirectOutput((output == null ? out : output).toFile()).redirectError(err.toFile());
            return new ClientProcess(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String classPath() {
        return Stream.of(VaultMain.class, CommandLine.class, Json.class, JsonProviderImpl.class)
                .map(ClientProcess::place)
                .collect(Collectors.joining(java.io.File.pathSeparator));
    }

    private static String place(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What it has written to standard error so far. */
    String said() {
        try {
            return Files.readString(err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Outcome await() {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("The client does not end: " + Files.readString(err));
            }
            Outcome outcome = new Outcome(process.exitValue(), Files.readAllBytes(out), Files.readString(err));
            Files.delete(out);
            Files.delete(err);
            return outcome;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }
}
