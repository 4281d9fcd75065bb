package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.AuditBlocks;

/**
 * Compares what this node has told outside the database with the chain: every line of its file, for a later line says
 * nothing of an earlier one. Keeps some lines in memory, however long the file is.
 */
@ApplicationScoped
class CheckpointFile {
    private static final int LONGEST_LINE = 32 << 10;
    private static final int LINES_AT_ONCE = 1000;

    /** How this vault itself writes a line; another order or spacing is read as JSON, which takes longer. */
    private static final Pattern NUMBER =
            Pattern.compile(Pattern.quote("{\"type\":\"block\",\"line\":\"{\\\"block\\\":") + "([1-9][0-9]{0,17}),.*");

    @Inject
    Settings settings;

    @Inject
    AuditBlocks blocks;

    @Inject
    ChainCheck chain;

    @Inject
    KeyRings keyRings;

    /** A line, and the number of the block that it tells. */
    private record Told(long number, String line) {}

    /** How long the file is now; a block that is told in it was committed before. */
    long length() {
        try {
            Path file = file();
            return file == null || !Files.exists(file) ? 0 : Files.size(file);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private @Nullable Path file() {
        return settings.checkpoints().file().map(Path::of).orElse(null);
    }

    private static UncheckedIOException unreadable(IOException e) {
        return new UncheckedIOException("VAULT_AUDIT_CHECKPOINT_FILE cannot be read", e);
    }

    /** Compares the lines in this many of the file's first bytes. Lines that are no checkpoints are left out. */
    void compare(long length, Report report) {
        Path file = file();
        if (file == null || length == 0) {
            return;
        }
        List<Told> some = new ArrayList<>();
        try (InputStream in = Files.newInputStream(file)) {
            forEachLine(in, length, line -> {
                number(line).ifPresent(number -> some.add(new Told(number, line)));
                if (some.size() == LINES_AT_ONCE) {
                    compare(some, report);
                    some.clear();
                }
            });
        } catch (IOException e) {
            throw unreadable(e);
        }
        compare(some, report);
    }

    /** Lines that are longer than any checkpoint are left out, too. */
    static void forEachLine(InputStream in, long length, Consumer<String> consumer) throws IOException {
        byte[] buffer = new byte[2 * LONGEST_LINE];
        int kept = 0;
        long left = length;
        boolean skipping = false;
        for (int read = 0; left > 0; left -= read) {
            read = in.read(buffer, kept, (int) Math.min(buffer.length - kept, left));
            if (read < 0) {
                break;
            }
            int begin = 0;
            for (int i = kept; i < kept + read; i++) {
                if (buffer[i] == '\n') {
                    if (!skipping) {
                        consumer.accept(new String(buffer, begin, i - begin, StandardCharsets.UTF_8));
                    }
                    skipping = false;
                    begin = i + 1;
                }
            }
            kept += read - begin;
            System.arraycopy(buffer, begin, buffer, 0, kept);
            if (kept > LONGEST_LINE) {
                skipping = true;
                kept = 0;
            }
        }
        if (kept > 0 && !skipping) {
            consumer.accept(new String(buffer, 0, kept, StandardCharsets.UTF_8));
        }
    }

    private static Optional<Long> number(String line) {
        Matcher usual = NUMBER.matcher(line);
        return usual.matches()
                ? Optional.of(Long.valueOf(usual.group(1)))
                : Checkpoints.read(line).map(AuditBlocks.Row::number);
    }

    private void compare(List<Told> some, Report report) {
        Map<Long, AuditBlocks.Row> present = new HashMap<>();
        blocks.find(some.stream().map(Told::number).toList()).forEach(block -> present.put(block.number(), block));
        for (Told told : some) {
            AuditBlocks.Row block = present.get(told.number);
            if (block == null || !Checkpoints.line(block).equals(told.line)) {
                compareSigned(told.line, report);
            }
        }
    }

    /** Signatures are looked at only here: a line that is that of the block has the block's own. */
    private void compareSigned(String line, Report report) {
        AuditBlocks.Row checkpoint = Checkpoints.read(line).orElse(null);
        if (checkpoint == null || !isOfThisVault(checkpoint)) {
            return;
        }
        if (chain.signed(checkpoint).isPresent()) {
            compare(checkpoint, report);
        } else {
            report.add(Finding.of("checkpoint-unsigned", "block", checkpoint.number()));
        }
    }

    private boolean isOfThisVault(AuditBlocks.Row checkpoint) {
        return Block.read(checkpoint.line()).vault().equals(keyRings.current().vaultId());
    }

    /** Compares a block that one of the vault's keys has signed with that of its number. */
    void compare(AuditBlocks.Row checkpoint, Report report) {
        Optional<AuditBlocks.Row> present =
                blocks.find(List.of(checkpoint.number())).stream().findFirst();
        if (present.isEmpty()) {
            long newest = blocks.newest().map(AuditBlocks.Row::number).orElse(0L);
            boolean cut = checkpoint.number() > newest;
            report.add(Finding.of(cut ? "tail-cut" : "block-removed", "block", checkpoint.number(), "newest", newest));
        } else if (!present.get().line().equals(checkpoint.line())) {
            report.add(Finding.of("block-changed", "block", checkpoint.number()));
        }
    }
}
