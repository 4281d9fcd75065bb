package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Ed25519;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditBlocks.State;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;

/** Walks the chain from its first block to its end: numbers, hashes, signatures, entries, sums. */
@ApplicationScoped
class ChainCheck {
    private static final int BLOCKS_AT_ONCE = 100;
    private static final int MOST_OUTSIDE = 100;

    @Inject
    AuditBlocks blocks;

    @Inject
    AuditEntries entries;

    @Inject
    KeyRings keyRings;

    /** How far the walk is. The sums hold as long as every block so far was as it was sealed. */
    private static final class Walk {
        long number;
        Bytes hash = Block.NONE;
        boolean hashKnown = true;
        int key;
        boolean sumsKnown = true;
        final TreeSet<Long> broken = new TreeSet<>();
        final TreeSet<String> pruned = new TreeSet<>();
        BucketSums sums = new BucketSums();
        final Map<Integer, Bytes> publicKeys;

        @Nullable Bytes state;

        long stateOf;

        /** @param publicKeys taken once: they are derived anew whenever somebody asks */
        Walk(Map<Integer, Bytes> publicKeys) {
            this.publicKeys = publicKeys;
        }
    }

    /**
     * Checks the chain, what is outside it, and the sums after it.
     *
     * @return the sums of the template rows that there should be after the newest block
     */
    BucketSums check(Report report) {
        Walk walk = new Walk(keyRings.publicKeys());
        walk.pruned.addAll(blocks.pruned());
        report.addPruned(List.copyOf(walk.pruned));
        blocks.prunedWithoutApproval(Retention.DROP)
                .forEach(month -> report.add(Finding.of("month-pruned-without-approval", "month", month)));
        List<AuditBlocks.Row> page = blocks.after(0, BLOCKS_AT_ONCE);
        while (!page.isEmpty()) {
            checkPage(page, walk, report);
            page = blocks.after(walk.number, BLOCKS_AT_ONCE);
        }
        for (long outside : blocks.outside(walk.number, MOST_OUTSIDE)) {
            String kind = outside < 1 ? "entry-inserted" : "tail-cut";
            report.add(Finding.of(kind, "block", outside, "newest", walk.number));
        }
        entries.forEachStray(entry -> report.add(Finding.of("entry-inserted", "entry", entry.id(), "at", entry.at())));
        entries.forEachLost(entry -> report.add(Finding.of("entry-removed", "entry", entry)));
        return sums(walk, report);
    }

    private void checkPage(List<AuditBlocks.Row> page, Walk walk, Report report) {
        Map<Long, Block> read = new LinkedHashMap<>();
        for (AuditBlocks.Row row : page) {
            header(row, walk, report).ifPresent(block -> read.put(row.number(), block));
        }
        long first = page.get(0).number();
        long last = page.get(page.size() - 1).number();
        Ending ending = new Ending(walk, report, read);
        blocks.forEachPlaced(first, last, ending::take);
        ending.upTo(Long.MAX_VALUE);
    }

    /** Ends the blocks of a page as their entries go by. */
    private static final class Ending {
        private final Walk walk;
        private final Report report;
        private final Map<Long, Block> left;
        private @Nullable BlockCheck open;
        private @Nullable Block block;

        Ending(Walk walk, Report report, Map<Long, Block> left) {
            this.walk = walk;
            this.report = report;
            this.left = left;
        }

        /** The entries of a block that is gone or changed are not looked at: that is found already. */
        void take(AuditBlocks.Placed placed) {
            upTo(placed.member().block());
            if (block != null
                    && open != null
                    && block.number() == placed.member().block()) {
                open.add(placed);
            }
        }

        void upTo(long number) {
            while (block == null || block.number() < number) {
                end();
                var next = left.entrySet().iterator();
                if (!next.hasNext()) {
                    return;
                }
                Map.Entry<Long, Block> entry = next.next();
                if (entry.getKey() > number) {
                    return;
                }
                next.remove();
                block = entry.getValue();
                open = new BlockCheck(block, report, walk.sums);
            }
        }

        private void end() {
            if (open != null && block != null) {
                boolean dropped = walk.pruned.contains(block.month()) && open.isEmpty();
                checkSums(block, !dropped && open.end(), walk, report);
            }
            open = null;
            block = null;
        }
    }

    private static void checkSums(Block block, boolean whole, Walk walk, Report report) {
        boolean broken = !walk.broken.headSet(block.number(), true).isEmpty();
        walk.broken.headSet(block.number(), true).clear();
        walk.sumsKnown = walk.sumsKnown && whole && !broken;
        Bytes state = Bytes.of(Merkle.state(walk.sums.toBytes()));
        if (walk.sumsKnown && !state.equals(block.state())) {
            report.add(Finding.of("block-state-wrong", "block", block.number()));
            walk.sumsKnown = false;
        }
        if (!walk.sumsKnown && block.sums() != null) {
            walk.sums = BucketSums.of(block.sums());
            walk.sumsKnown = true;
        }
        walk.state = block.state();
        walk.stateOf = block.number();
    }

    private Optional<Block> header(AuditBlocks.Row row, Walk walk, Report report) {
        report.countBlock();
        if (row.number() != walk.number + 1) {
            report.add(Finding.of("block-removed", "from", walk.number + 1, "to", row.number() - 1));
            walk.hashKnown = false;
            walk.broken.add(row.number());
        }
        walk.number = row.number();
        Optional<Block> block = signed(row, walk.publicKeys);
        boolean follows = block.isPresent()
                && block.get().number() == row.number()
                && block.get().key() >= walk.key
                && (!walk.hashKnown || block.get().previous().equals(walk.hash));
        if (!follows) {
            report.add(Finding.of("block-changed", "block", row.number()));
            walk.broken.add(row.number());
        }
        walk.key = Math.max(walk.key, block.map(Block::key).orElse(0));
        walk.hash = Bytes.of(Merkle.block(row.line()));
        walk.hashKnown = follows;
        return block;
    }

    /** The block, if one of the vault's keys has signed it. */
    Optional<Block> signed(AuditBlocks.Row row) {
        return signed(row, keyRings.publicKeys());
    }

    private Optional<Block> signed(AuditBlocks.Row row, Map<Integer, Bytes> publicKeys) {
        try {
            Block block = Block.read(row.line());
            Bytes key = publicKeys.get(block.key());
            boolean right = key != null
                    && block.vault().equals(keyRings.current().vaultId())
                    && Ed25519.verify(
                            key.toArray(),
                            row.line().getBytes(StandardCharsets.UTF_8),
                            row.signature().toArray());
            return right ? Optional.of(block) : Optional.empty();
        } catch (IllegalArgumentException notABlock) {
            return Optional.empty();
        }
    }

    /** The sums that the sealer keeps count if the newest block has signed them; else those that the walk has added. */
    private BucketSums sums(Walk walk, Report report) {
        Optional<State> kept = blocks.state();
        boolean right = kept.isPresent()
                && kept.get().block() == walk.number
                && (walk.state == null
                        || walk.stateOf != walk.number
                        || Bytes.of(Merkle.state(kept.get().sums().toArray())).equals(walk.state));
        if (kept.isPresent() && kept.get().block() > walk.number) {
            report.add(Finding.of("tail-cut", "block", kept.get().block(), "newest", walk.number));
        } else if (!right) {
            report.add(Finding.of("sums-changed", "block", walk.number));
        }
        return right ? BucketSums.of(kept.orElseThrow().sums()) : walk.sums;
    }
}
