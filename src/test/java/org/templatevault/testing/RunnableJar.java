package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The runnable jar as a process, configured by environment variables alone. */
public final class RunnableJar implements AutoCloseable {
    private static final Path JAR = Path.of("target/vault.jar").toAbsolutePath();
    private static final Duration START = Duration.ofMinutes(4);

    private final TestHome home;
    private final int port = VaultServer.freePort();
    private @Nullable Process process;

    /** Will answer on a free port with the certificate of this home. */
    public RunnableJar(TestHome home) {
        this.home = home;
        CleanUp.later(this);
    }

    /**
     * Starts the jar and waits until it is ready.
     *
     * @param host the name of the host that it believes to run on; each unpacks itself into a directory of its own
     */
    public RunnableJar start(String host, Map<String, String> environment) {
        try {
            Path directory = Files.createDirectories(home.directory().resolve("host-" + host));
            ProcessBuilder builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JAR.toString());
            builder.directory(directory.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("VAULT_"));
            builder.environment().put("WLP_JAR_EXTRACT_ROOT", directory.toString());
            builder.environment().put("VAULT_HTTPS_PORT", Integer.toString(port));
            builder.environment().put("VAULT_NODE", host);
            builder.environment().putAll(environment);
            Path console = directory.resolve("console.log");
            builder.redirectErrorStream(true).redirectOutput(console.toFile());
            Process started = builder.start();
            process = started;
            TestHome.await("the jar is ready, see " + console, START, () -> {
                if (!started.isAlive()) {
                    throw new AssertionError("The jar ended, see " + console);
                }
                return client().isReady();
            });
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs the same jar as the client of the vault that it started; its exit code, its output in the file. */
    public int command(Path output, String... command) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", JAR.toString()));
        line.addAll(List.of(command));
        line.addAll(List.of("--url", "https://localhost:" + port));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        return builder.redirectOutput(output.toFile()).start().waitFor();
    }

    /** SIGKILL, for the server too that the jar started. */
    public void kill() {
        Process running = process;
        if (running == null) {
            return;
        }
        List<ProcessHandle> all = new ArrayList<>(running.descendants().toList());
        all.add(running.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle one : all) {
            one.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }

    /** A client that is not signed in. */
    public VaultClient client() {
        return new VaultClient(port, home.directory());
    }

    @Override
    public void close() {
        kill();
    }
}
