package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Transactions;

/**
 * The whole trail as lines of JSON: each block, then its entries, then what waits for a block, then how much that was; as
 * one snapshot sees it. Without its last line it broke off.
 */
@ApplicationScoped
public class Export {
    private static final int BLOCKS_AT_ONCE = 100;
    /** Each keeps a connection and a snapshot for as long as its reader takes. */
    private static final int AT_ONCE = 2;

    @Inject
    Transactions transactions;

    @Inject
    AuditBlocks blocks;

    @Inject
    AuditEntries entries;

    private final Semaphore turns = new Semaphore(AT_ONCE);

    /** Where it goes, and how much went there. For one thread. */
    private static final class Lines {
        private final OutputStream out;
        private long blocks;
        private long entries;

        Lines(OutputStream out) {
            this.out = out;
        }

        void pruned(String month) {
            write(new JsonLine().add("type", "pruned").add("month", month).toString());
        }

        void block(AuditBlocks.Row block) {
            blocks++;
            write(Checkpoints.line(block));
        }

        void entry(JsonLine entry) {
            entries++;
            write(entry.toString());
        }

        void end() {
            write(new JsonLine()
                    .add("type", "end")
                    .add("blocks", blocks)
                    .add("entries", entries)
                    .toString());
        }

        private void write(String line) {
            try {
                out.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * Takes a turn, which is over when what this returns is run, once or more often.
     *
     * @throws VaultException {@code exports-running}
     */
    public Runnable begin() {
        if (!turns.tryAcquire()) {
            throw new VaultException(
                    ErrorKind.CONFLICT, "exports-running", AT_ONCE + " exports are under way on this node");
        }
        AtomicBoolean over = new AtomicBoolean();
        return () -> {
            if (over.compareAndSet(false, true)) {
                turns.release();
            }
        };
    }

    /** Writes it; keeps no more than some blocks in memory, however long it is. */
    public void write(OutputStream out) {
        Lines lines = new Lines(out);
        transactions.snapshot(() -> {
            blocks.pruned().forEach(lines::pruned);
            List<AuditBlocks.Row> page = blocks.after(0, BLOCKS_AT_ONCE);
            while (!page.isEmpty()) {
                write(page, lines);
                page = blocks.after(page.get(page.size() - 1).number(), BLOCKS_AT_ONCE);
            }
            entries.forEachPending(entry -> lines.entry(new JsonLine()
                    .add("type", "entry")
                    .add("entry", entry.id().toString())
                    .add("line", entry.line())));
            return true;
        });
        lines.end();
    }

    /** A block without entries, because its month was dropped, has its place in the order all the same. */
    private void write(List<AuditBlocks.Row> page, Lines lines) {
        ArrayDeque<AuditBlocks.Row> left = new ArrayDeque<>(page);
        long last = page.get(page.size() - 1).number();
        blocks.forEachPlaced(page.get(0).number(), last, placed -> {
            write(left, placed.member().block(), lines);
            lines.entry(member(placed));
        });
        write(left, last, lines);
    }

    private static void write(ArrayDeque<AuditBlocks.Row> left, long upTo, Lines lines) {
        while (!left.isEmpty() && left.getFirst().number() <= upTo) {
            lines.block(left.removeFirst());
        }
    }

    /** A membership whose entry is gone has no line. */
    private static JsonLine member(AuditBlocks.Placed placed) {
        AuditEntries.Row entry = placed.entry();
        return new JsonLine()
                .add("type", "entry")
                .add("block", placed.member().block())
                .add("position", placed.member().position())
                .add("entry", placed.member().entry().toString())
                .add("leaf", HexFormat.of().formatHex(placed.member().leaf().toArray()))
                .add("line", entry == null ? null : entry.line());
    }
}
