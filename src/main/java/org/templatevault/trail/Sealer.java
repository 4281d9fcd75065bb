package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.Signature;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditBlocks.Member;
import org.templatevault.persistence.AuditBlocks.State;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;

/**
 * Seals what was committed into blocks: the entries that wait, those of a month in a block of their own. A block with its
 * memberships and the sums after it is one transaction, so a crash leaves a whole block or none, and two nodes that both
 * believe to hold the lease cannot both write block n.
 */
@ApplicationScoped
class Sealer {
    static final int MOST_ENTRIES = 5000;
    /** Of lines; an entry that is longer alone is taken all the same. */
    private static final long MOST_BYTES = 8L << 20;

    @Inject
    Transactions transactions;

    @Inject
    AuditEntries entries;

    @Inject
    AuditBlocks blocks;

    @Inject
    KeyRings keyRings;

    @Inject
    ThisNode node;

    /**
     * What one round sealed.
     *
     * @param full it took as many entries as it may: more of them may wait
     */
    record Sealed(List<AuditBlocks.Row> blocks, boolean full) {
        static final Sealed NOTHING = new Sealed(List.of(), false);
    }

    /** What a block is written after. */
    private record Before(long number, Bytes hash, String month, BucketSums sums) {}

    /** Seals at most 5,000 entries, and no more than some megabytes of them. */
    Sealed seal(long leaseToken) {
        return transactions.call(() -> {
            blocks.useIndexes();
            List<AuditEntries.Row> waiting = entries.pending(MOST_ENTRIES, MOST_BYTES);
            if (waiting.isEmpty()) {
                return Sealed.NOTHING;
            }
            State state = blocks.state().orElseThrow(() -> new TryAgainException("The trail has not begun"));
            Before before = before(blocks.newest().orElse(null), state);
            List<AuditBlocks.Row> written = new ArrayList<>();
            for (List<AuditEntries.Row> month : byMonth(waiting).values()) {
                Block block = block(before, month);
                written.add(write(block, month, leaseToken));
                before = new Before(block.number(), Bytes.of(Merkle.block(block.line())), block.month(), before.sums());
            }
            State after = new State(before.number(), Bytes.of(before.sums().toBytes()));
            if (!blocks.advance(state.block(), after)) {
                throw new TryAgainException("Another node has sealed");
            }
            return new Sealed(written, isFull(waiting));
        });
    }

    private static boolean isFull(List<AuditEntries.Row> taken) {
        return taken.size() == MOST_ENTRIES
                || taken.stream().mapToLong(entry -> entry.line().length()).sum() >= MOST_BYTES;
    }

    /** Where blocks were cut off, the gap between them and what was counted stays, and a verification names it. */
    private static Before before(AuditBlocks.@Nullable Row newest, State state) {
        BucketSums sums = BucketSums.of(state.sums());
        if (newest == null) {
            return new Before(state.block(), Block.NONE, "", sums);
        }
        String month = monthOf(newest.line()).orElse("");
        long number = Math.max(newest.number(), state.block());
        return new Before(number, Bytes.of(Merkle.block(newest.line())), month, sums);
    }

    /** A block that somebody has made unreadable does not stop the next: a verification names it. */
    private static Optional<String> monthOf(String line) {
        try {
            return Optional.of(Block.read(line).month());
        } catch (IllegalArgumentException notABlock) {
            return Optional.empty();
        }
    }

    private static Map<String, List<AuditEntries.Row>> byMonth(List<AuditEntries.Row> waiting) {
        Map<String, List<AuditEntries.Row>> months = new TreeMap<>();
        waiting.forEach(entry -> months.computeIfAbsent(Block.month(entry.at()), first -> new ArrayList<>())
                .add(entry));
        return months;
    }

    private Block block(Before before, List<AuditEntries.Row> members) {
        members.forEach(entry -> fold(entry, before.sums()));
        byte[] sums = before.sums().toBytes();
        String month = Block.month(members.get(0).at());
        return new Block(
                before.number() + 1,
                keyRings.current().vaultId(),
                before.hash(),
                Bytes.of(Merkle.root(
                        members.stream().map(entry -> Merkle.leaf(entry.line())).toList())),
                members.size(),
                month,
                Instant.now().truncatedTo(ChronoUnit.MICROS),
                node.name(),
                Bytes.of(Merkle.state(sums)),
                month.equals(before.month()) ? null : Bytes.of(sums),
                keyRings.publicKeys().lastKey());
    }

    /** What an entry changes in the sums. One that somebody has made unreadable changes nothing. */
    static void fold(AuditEntries.Row entry, BucketSums sums) {
        Element.Changes changes = Element.Changes.of(entry.line());
        changes.added().forEach(sums::add);
        changes.removed().forEach(sums::remove);
    }

    private AuditBlocks.Row write(Block block, List<AuditEntries.Row> entriesOfBlock, long leaseToken) {
        String line = block.line();
        Signature signature = keyRings.sign(line.getBytes(StandardCharsets.UTF_8));
        if (signature.keyNumber() != block.key()) {
            throw new TryAgainException("The signing key has changed");
        }
        AuditBlocks.Row row = new AuditBlocks.Row(block.number(), line, signature.bytes());
        if (!blocks.insert(row, leaseToken)) {
            throw new TryAgainException("Another node holds the lease");
        }
        List<Member> members = new ArrayList<>();
        for (AuditEntries.Row entry : entriesOfBlock) {
            Bytes leaf = Bytes.of(Merkle.leaf(entry.line()));
            members.add(new Member(entry.at(), entry.id(), block.number(), members.size(), leaf));
        }
        blocks.insertMembers(members);
        return row;
    }
}
