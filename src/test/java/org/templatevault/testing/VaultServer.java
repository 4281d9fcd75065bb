package org.templatevault.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The vault's own server as a direct child process of the tests, on a test home: it can be stopped (SIGTERM), killed
 * (SIGKILL) and started again at the same place. Its files stay below the home.
 */
public final class VaultServer implements AutoCloseable {
    private static final Path WLP =
            Path.of(System.getProperty("vault.it.wlp", "target/liberty/wlp")).toAbsolutePath();
    private static final Duration START = Duration.ofMinutes(5);
    private static final Duration STOP = Duration.ofSeconds(40);

    /** Where a server keeps what its first start works out about the runtime, which takes a quarter of that start. */
    private static final String WORK_AREA = "workarea";

    /** The work area of the first server that was stopped, for those that are made after it. */
    private static @Nullable Path knownWorkArea;

    private Path wlp = WLP;
    private final TestHome home;
    private final Path directory;
    private final int port = freePort();
    private final Map<String, String> environment = new HashMap<>();
    private final Map<String, String> variables = new HashMap<>();
    private String databaseUrl;
    private String heap = "512m";
    private String initialHeap = "";
    private boolean quickStart = true;
    private @Nullable Process process;

    private VaultServer(TestHome home, String node) {
        this.home = home;
        this.directory = home.directory().resolve("node-" + node);
        this.databaseUrl = home.database().url();
    }

    /** A server on this home, not started. */
    public static VaultServer on(TestHome home) {
        return on(home, "a");
    }

    /** One of several servers on one home: a directory and a node name of its own. */
    public static VaultServer on(TestHome home, String node) {
        VaultServer server = new VaultServer(home, node);
        CleanUp.later(server);
        return server.environment("VAULT_NODE", "node-" + node);
    }

    /** The most heap that the server may take, such as 512m. */
    public VaultServer heap(String most) {
        heap = most;
        return this;
    }

    /** A heap of this size from the start, as the documentation wants it in production. */
    public VaultServer fixedHeap(String size) {
        heap = size;
        initialHeap = size;
        return this;
    }

    /** Lets the server compile its code as well as it can: for tests that last long or measure. */
    public VaultServer optimized() {
        quickStart = false;
        return this;
    }

    /** Runs another build of the vault: the {@code target/liberty/wlp} of its checkout. */
    public VaultServer release(Path otherWlp) {
        wlp = otherWlp;
        return this;
    }

    /** Sets an environment variable. */
    public VaultServer environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Sets a server variable, which wins over the environment. */
    public VaultServer variable(String name, String value) {
        variables.put(name, value);
        return this;
    }

    /** Takes a server variable back: from the next start on, its default counts. */
    public VaultServer without(String variable) {
        variables.remove(variable);
        return this;
    }

    /** Sends the server's connections through this proxy. */
    public VaultServer through(DatabaseProxy proxy) {
        databaseUrl = "jdbc:postgresql://localhost:" + proxy.port() + "/vault";
        return this;
    }

    /** Lets the server use another database of the home's PostgreSQL. */
    public VaultServer database(String name) {
        databaseUrl = home.database().url().replaceFirst("/vault$", "/" + name);
        return this;
    }

    /** Starts the server and waits until it is ready. */
    public VaultServer start() {
        launch();
        awaitReady(START);
        return this;
    }

    /** Starts the server without waiting. */
    public VaultServer launch() {
        if (isRunning()) {
            throw new IllegalStateException("The server is running");
        }
        try {
            writeDirectory();
            ProcessBuilder builder = new ProcessBuilder(command());
            builder.directory(serverDirectory().toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("VAULT_"));
            builder.environment().put("WLP_USER_DIR", directory.toString());
            builder.environment().putAll(environment);
            builder.redirectErrorStream(true);
            builder.redirectOutput(
                    ProcessBuilder.Redirect.appendTo(consoleFile().toFile()));
            process = builder.start();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the server's directory under this name, for somebody else to start; the user directory. */
    Path prepare(String name) {
        try {
            writeDirectory();
            Files.move(serverDirectory(), directory.resolve("servers").resolve(name));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeDirectory() throws IOException {
        Path config = serverDirectory();
        if (!Files.exists(config)) {
            copy(wlp.resolve("usr/servers/vault-it"), config);
            copyKnownWorkArea(config);
        }
        Files.createDirectories(directory.resolve("tmp"));
        Map<String, String> all = new HashMap<>(variables);
        all.put("VAULT_HTTPS_PORT", Integer.toString(port));
        home.writeServerConfig(databaseUrl, all);
        Path generated = directory.resolve("home/server");
        Files.createDirectories(generated);
        Files.move(
                home.directory().resolve("server/embedded.xml"),
                generated.resolve("embedded.xml"),
                StandardCopyOption.REPLACE_EXISTING);
        Path bootstrap = config.resolve("bootstrap.properties");
        Files.writeString(
                bootstrap,
                Files.readString(bootstrap) + System.lineSeparator() + "vault.home=" + directory.resolve("home")
                        + System.lineSeparator());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path relative = from.relativize(file);
                if (relative.startsWith(WORK_AREA) || relative.startsWith("logs")) {
                    continue;
                }
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(to.resolve(relative.toString()));
                } else {
                    Files.copy(file, to.resolve(relative.toString()), StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    /** What the runtime's own start script would run, so that the process is the server and not a shell. */
    private List<String> command() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-javaagent:" + wlp.resolve("bin/tools/ws-javaagent.jar"));
        boolean strict = Runtime.version().feature() >= 24;
        command.addAll(options(wlp.resolve("lib/platform/java").resolve(strict ? "java24.options" : "java9.options")));
        command.addAll(options(serverDirectory().resolve("jvm.options")));
        command.add("-Xmx" + heap);
        if (!initialHeap.isEmpty()) {
            command.add("-Xms" + initialHeap);
        }
        command.add("-XX:-UsePerfData");
        if (quickStart) {
            command.add("-XX:TieredStopAtLevel=1");
            command.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"));
        }
        command.add("-Djava.awt.headless=true");
        command.add("-Djava.io.tmpdir=" + directory.resolve("tmp"));
        command.add("-jar");
        command.add(wlp.resolve("bin/tools/ws-server.jar").toString());
        command.add("vault");
        return command;
    }

    private static List<String> options(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(String::trim)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .toList();
    }

    /** Waits until the server says that it is ready; fails with the end of its console if it ends before. */
    public void awaitReady(Duration patience) {
        VaultClient client = client();
        TestHome.await("the server is ready", patience, () -> {
            if (!isRunning()) {
                throw new AssertionError("The server ended:\n" + consoleEnd());
            }
            return client.isReady();
        });
    }

    /** SIGTERM, and waits for the end. */
    public void stop() {
        end(require().toHandle()::destroy);
        keepWorkArea();
    }

    private void keepWorkArea() {
        synchronized (VaultServer.class) {
            boolean usual = wlp.equals(WLP) && environment.size() == 1; // the environment can choose other features
            if (knownWorkArea != null || !usual) {
                return;
            }
            try {
                Path kept = Files.createTempDirectory(WORK_AREA);
                copy(serverDirectory().resolve(WORK_AREA), kept);
                knownWorkArea = kept;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void copyKnownWorkArea(Path config) throws IOException {
        synchronized (VaultServer.class) {
            if (knownWorkArea != null && wlp.equals(WLP)) {
                copy(knownWorkArea, config.resolve(WORK_AREA));
            }
        }
    }

    /** SIGKILL. */
    public void kill() {
        end(require().toHandle()::destroyForcibly);
    }

    private void end(java.util.function.BooleanSupplier signal) {
        Process running = require();
        if (!signal.getAsBoolean() && running.isAlive()) {
            throw new IllegalStateException("The server takes no signal");
        }
        await(STOP);
    }

    /** Waits for the process to end by itself; its exit code. */
    public int awaitExit(Duration patience) {
        int code = await(patience);
        keepWorkArea();
        return code;
    }

    private int await(Duration patience) {
        try {
            if (!require().waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("The server still runs after " + patience + ":\n" + consoleEnd());
            }
            return require().exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    /** Whether the process lives. */
    public boolean isRunning() {
        return process != null && process.isAlive();
    }

    private Process require() {
        if (process == null) {
            throw new IllegalStateException("The server was not started");
        }
        return process;
    }

    /** The process's id. */
    public long pid() {
        return require().pid();
    }

    /** A client that is not signed in and trusts this server's certificate. */
    public VaultClient client() {
        return new VaultClient(port, home.directory());
    }

    /** A client signed in as the user of this role. */
    public VaultClient as(String role) {
        return client().as(role);
    }

    /** The password of the generated user of this role. */
    public String password(String role) {
        return client().password(role);
    }

    /** The HTTPS port, the same for all starts. */
    public int port() {
        return port;
    }

    /** The home with the database. */
    public TestHome home() {
        return home;
    }

    /** All that the server wrote to its console, over all starts. */
    public String console() {
        try {
            return Files.exists(consoleFile()) ? Files.readString(consoleFile()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String consoleEnd() {
        String all = console();
        return all.substring(Math.max(0, all.length() - 8000));
    }

    /** The directory of the server's logs. */
    public Path logs() {
        return serverDirectory().resolve("logs");
    }

    private Path consoleFile() {
        return directory.resolve("console.log");
    }

    private Path serverDirectory() {
        return directory.resolve("servers/vault");
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (isRunning()) {
            try {
                stop();
            } catch (AssertionError tooSlow) {
                kill();
            }
        }
    }
}
