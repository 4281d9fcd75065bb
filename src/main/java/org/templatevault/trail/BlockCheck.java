package org.templatevault.trail;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.templatevault.persistence.AuditBlocks.Member;
import org.templatevault.persistence.AuditBlocks.Placed;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;

/** Compares the entries of one block with its root, and names what is wrong. For one thread. */
final class BlockCheck {
    private final Block block;
    private final Report report;
    private final BucketSums sums;
    private final List<Member> members = new ArrayList<>();
    private final Set<Integer> positions = new HashSet<>();
    private boolean damaged;

    /** @param sums to which the block's entries are added */
    BlockCheck(Block block, Report report, BucketSums sums) {
        this.block = block;
        this.report = report;
        this.sums = sums;
    }

    /** The memberships come in the order of their positions. */
    void add(Placed placed) {
        Member member = placed.member();
        report.countEntry();
        members.add(member);
        if (member.position() < 0 || member.position() >= block.entries() || !positions.add(member.position())) {
            found("entry-inserted", member);
            return;
        }
        AuditEntries.Row entry = placed.entry();
        if (entry == null) {
            found("entry-removed", member);
        } else if (!Bytes.of(Merkle.leaf(entry.line())).equals(member.leaf())) {
            found("entry-changed", member);
        } else {
            EntryCheck.differingColumn(entry).ifPresent(column -> columnChanged(member, column));
            Sealer.fold(entry, sums);
        }
    }

    private void columnChanged(Member member, String column) {
        found(Finding.of("entry-changed", "block", member.block(), "entry", member.entry(), "column", column));
    }

    private void found(String kind, Member member) {
        found(Finding.of(kind, "block", member.block(), "position", member.position(), "entry", member.entry()));
    }

    private void found(Finding finding) {
        damaged = true;
        report.add(finding);
    }

    /** Whether no entry has a place in it: what a block is like whose month was given up. */
    boolean isEmpty() {
        return members.isEmpty();
    }

    /**
     * Ends the block.
     *
     * @return whether all of it is as it was sealed
     */
    boolean end() {
        IntStream.range(0, block.entries())
                .filter(position -> !positions.contains(position))
                .forEach(position -> found(Finding.of("entry-removed", "block", block.number(), "position", position)));
        if (!damaged && !rootOf(members).equals(block.root())) {
            List<Member> byTime = new ArrayList<>(members);
            byTime.sort(Comparator.comparing(Member::at)
                    .thenComparing(member -> member.entry().toString()));
            boolean sameEntries = rootOf(byTime).equals(block.root());
            found(Finding.of(sameEntries ? "entries-reordered" : "block-entries-changed", "block", block.number()));
        }
        return !damaged;
    }

    private static Bytes rootOf(List<Member> members) {
        return members.isEmpty()
                ? Block.NONE
                : Bytes.of(Merkle.root(
                        members.stream().map(member -> member.leaf().toArray()).toList()));
    }
}
