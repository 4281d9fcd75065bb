package org.templatevault.trail;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.Bytes;

/**
 * Tells the newest block outside the database, so that cutting off the trail's end is seen: to a file, and where it is
 * set to an address or a log host. A checkpoint stands for all before it, so of those that could not be sent only the
 * newest is sent again.
 */
@ApplicationScoped
class Checkpoints {
    private static final System.Logger LOG = System.getLogger(Checkpoints.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Inject
    Settings settings;

    @Resource
    ManagedExecutorService executor;

    private volatile @Nullable HttpClient http;
    private final AtomicReference<@Nullable String> forAddress = new AtomicReference<>();
    private final AtomicReference<@Nullable String> forLogHost = new AtomicReference<>();
    private final AtomicBoolean sending = new AtomicBoolean();
    private volatile String obstacle = "";

    /** A block as a line of JSON: what a verification takes as a checkpoint. */
    static String line(AuditBlocks.Row block) {
        return new JsonLine()
                .add("type", "block")
                .add("line", block.line())
                .add(
                        "signature",
                        Base64.getEncoder().encodeToString(block.signature().toArray()))
                .toString();
    }

    /** The block of a checkpoint's line; nothing if it is none. Whether it is genuine, its signature says. */
    static Optional<AuditBlocks.Row> read(String line) {
        try {
            JsonObject json = JsonText.object(line);
            Bytes signature = Bytes.of(Base64.getDecoder().decode(json.getString("signature")));
            String block = json.getString("line");
            return Optional.of(new AuditBlocks.Row(Block.read(block).number(), block, signature));
        } catch (JsonException | IllegalArgumentException | NullPointerException | ClassCastException notACheckpoint) {
            return Optional.empty();
        }
    }

    /** Writes a block to the file at once, and keeps it for the others. */
    void tell(AuditBlocks.Row block) {
        String line = line(block);
        settings.checkpoints().file().ifPresent(file -> append(Path.of(file), line));
        settings.checkpoints().url().ifPresent(url -> forAddress.set(line));
        settings.checkpoints().syslog().ifPresent(host -> forLogHost.set(line));
    }

    private void append(Path file, String line) {
        try {
            Files.writeString(
                    file,
                    line + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND,
                    StandardOpenOption.SYNC);
        } catch (IOException e) {
            report("VAULT_AUDIT_CHECKPOINT_FILE: " + e);
        }
    }

    /** Sends the newest block that was not sent, on a thread of its own: a slow receiver must not hold up the sealing. */
    void sendNewest() {
        boolean something = forAddress.get() != null || forLogHost.get() != null;
        if (something && sending.compareAndSet(false, true)) {
            executor.execute(() -> {
                try {
                    send(
                            forLogHost,
                            line -> LogHost.of(settings.checkpoints())
                                    .orElseThrow()
                                    .send(line));
                    send(
                            forAddress,
                            line -> post(URI.create(settings.checkpoints().url().orElseThrow()), line));
                } finally {
                    sending.set(false);
                }
            });
        }
    }

    /** Sends one line to where it belongs. */
    @FunctionalInterface
    private interface Sender {
        void send(String line) throws IOException, InterruptedException;
    }

    private void send(AtomicReference<@Nullable String> unsent, Sender sender) {
        String line = unsent.get();
        if (line == null) {
            return;
        }
        try {
            sender.send(line);
            unsent.compareAndSet(line, null);
        } catch (IOException e) {
            report("A checkpoint was not taken: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private HttpClient client() throws IOException {
        HttpClient known = http;
        if (known == null) {
            known = HttpClient.newBuilder()
                    .connectTimeout(PATIENCE)
                    .sslContext(Trust.by(settings.checkpoints().caFile()))
                    .build();
            http = known;
        }
        return known;
    }

    private void post(URI url, String line) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(url)
                .timeout(PATIENCE)
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(line + "\n"))
                .build();
        int status =
                client().send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status >= 300) {
            throw new IOException("VAULT_AUDIT_CHECKPOINT_URL answers " + status);
        }
    }

    private void report(String failure) {
        if (!failure.equals(obstacle)) {
            obstacle = failure;
            LOG.log(System.Logger.Level.WARNING, failure);
        }
    }
}
