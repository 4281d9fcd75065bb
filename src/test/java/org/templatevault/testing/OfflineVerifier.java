package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The one file that verifies an export without the vault, run as an auditor runs it. */
public final class OfflineVerifier {
    /** How it ended, and all that it said. */
    public record Result(int code, String output) {}

    private OfflineVerifier() {}

    /** Runs it on an export, the public keys and, where there is one, a file of checkpoints. */
    public static Result run(Path... files) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", // it is compiled at each run
                "src/main/verify/Verify.java"));
        Stream.of(files).map(Path::toString).forEach(command::add);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
