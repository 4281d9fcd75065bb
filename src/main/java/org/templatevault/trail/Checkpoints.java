package org.templatevault.trail;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    private final Receiver file = new Receiver();
    private final Receiver address = new Receiver();
    private final Receiver logHost = new Receiver();

    /** What one of the receivers is to have, and what keeps it from having it. */
    private static final class Receiver {
        final AtomicReference<@Nullable String> unsent = new AtomicReference<>();
        final AtomicBoolean sending = new AtomicBoolean();
        private final AtomicReference<String> obstacle = new AtomicReference<>("");

        /** An obstacle that lasts is logged once, one that comes back again. */
        void report(String failure) {
            if (!failure.equals(obstacle.getAndSet(failure)) && !failure.isEmpty()) {
                LOG.log(System.Logger.Level.WARNING, failure);
            }
        }

        void isWell() {
            report("");
        }
    }

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
        } catch (RuntimeException notACheckpoint) { // of whatever kind: whoever sends one chooses it
            return Optional.empty();
        }
    }

    /** Writes a block to the file at once, and keeps it for the others. */
    void tell(AuditBlocks.Row block) {
        String line = line(block);
        settings.checkpoints().file().ifPresent(path -> append(Path.of(path), line));
        settings.checkpoints().url().ifPresent(url -> address.unsent.set(line));
        settings.checkpoints().syslog().ifPresent(host -> logHost.unsent.set(line));
    }

    private void append(Path path, String line) {
        try {
            Files.writeString(
                    path,
                    line + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND,
                    StandardOpenOption.SYNC);
            file.isWell();
        } catch (IOException e) {
            file.report("VAULT_AUDIT_CHECKPOINT_FILE: " + e);
        }
    }

    /**
     * Sends the newest block that was not sent, to each receiver on a thread of its own: a slow one must hold up neither the
     * sealing nor the other.
     */
    void sendNewest() {
        send(logHost, line -> LogHost.of(settings.checkpoints()).orElseThrow().send(line));
        send(address, line -> post(URI.create(settings.checkpoints().url().orElseThrow()), line));
    }

    /** Sends one line to where it belongs. */
    @FunctionalInterface
    private interface Sender {
        void send(String line) throws IOException, InterruptedException;
    }

    private void send(Receiver receiver, Sender sender) {
        String line = receiver.unsent.get();
        if (line != null && receiver.sending.compareAndSet(false, true)) {
            try {
                executor.execute(() -> send(line, receiver, sender));
            } catch (Throwable notBegun) { // no thread can be had: it is tried again with the next block
                receiver.sending.set(false);
                throw notBegun;
            }
        }
    }

    private static void send(String line, Receiver receiver, Sender sender) {
        try {
            sender.send(line);
            receiver.unsent.compareAndSet(line, null);
            receiver.isWell();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            receiver.report("A checkpoint was not taken: " + e);
        } finally {
            receiver.sending.set(false);
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

    /** The request's own time limit ends with the headers of the answer. */
    private void post(URI url, String line) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(url)
                .timeout(PATIENCE)
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(line + "\n"))
                .build();
        CompletableFuture<HttpResponse<Void>> answer =
                client().sendAsync(request, HttpResponse.BodyHandlers.discarding());
        try {
            int status = answer.get(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS).statusCode();
            if (status >= 300) {
                throw new IOException("VAULT_AUDIT_CHECKPOINT_URL answers " + status);
            }
        } catch (TimeoutException e) {
            throw new IOException("VAULT_AUDIT_CHECKPOINT_URL does not end its answer", e);
        } catch (ExecutionException e) {
            throw new IOException("VAULT_AUDIT_CHECKPOINT_URL: " + e.getCause(), e);
        } finally {
            answer.cancel(true);
        }
    }
}
