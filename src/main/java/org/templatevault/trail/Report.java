package org.templatevault.trail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a verification has seen and found; the first 1,000 findings are kept. For one thread. */
public final class Report {
    private static final int MOST_FINDINGS = 1000;

    private final List<Finding> findings = new ArrayList<>();
    private final List<String> pruned = new ArrayList<>();
    private final long began = System.nanoTime();
    private long found;
    private long blocks;
    private long entries;
    private long waiting;
    private long templates;

    void add(Finding finding) {
        found++;
        if (findings.size() < MOST_FINDINGS) {
            findings.add(finding);
        }
    }

    void addPruned(List<String> months) {
        pruned.addAll(months);
    }

    /** How long it has taken so far. */
    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    void countBlock() {
        blocks++;
    }

    void countEntry() {
        entries++;
    }

    void countWaiting() {
        waiting++;
    }

    void countTemplate() {
        templates++;
    }

    /** What was found, in the order in which it was found. */
    public List<Finding> findings() {
        return List.copyOf(findings);
    }

    /** How much was found, also what is not in the list any more. */
    public long found() {
        return found;
    }

    /**
     * The months whose entries were dropped, by two people's decision where nothing else was found: of the blocks that have
     * no entries any more only the headers were checked.
     */
    public List<String> pruned() {
        return List.copyOf(pruned);
    }

    /** The blocks that were looked at. */
    public long blocks() {
        return blocks;
    }

    /** The entries in blocks that were looked at. */
    public long entries() {
        return entries;
    }

    /** The entries that wait for their block. */
    public long waiting() {
        return waiting;
    }

    /** The template rows that were looked at. */
    public long templates() {
        return templates;
    }
}
