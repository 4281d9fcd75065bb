package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Transactions;

/** Entries by what they say, the newest checkpoints, and the keys that verify them. */
@ApplicationScoped
public class TrailReader {
    private static final Duration LONGEST_SEARCH = Duration.ofSeconds(15);

    @Inject
    Transactions transactions;

    @Inject
    AuditEntries entries;

    @Inject
    AuditBlocks blocks;

    @Inject
    SubjectTags tags;

    @Inject
    KeyRings keyRings;

    /**
     * The entries that fit, the oldest first, after a cursor.
     *
     * @throws VaultException {@code search-too-wide} if that takes longer than 15 seconds: a filter that fits little reads
     *     all of the time that it names
     */
    public List<AuditEntries.Row> page(AuditEntries.Filter filter, AuditEntries.@Nullable Cursor after, int limit) {
        return transactions.call(() -> entries.pageWithin(LONGEST_SEARCH, filter, after, limit));
    }

    /**
     * The name of a living subject in the trail.
     *
     * @throws VaultException if there is no such subject: that of an erased one can not be computed any more
     */
    public Bytes tag(UUID subject) {
        return tags.of(subject)
                .orElseThrow(() -> new VaultException(
                        ErrorKind.NOT_FOUND,
                        "subject-not-found",
                        "No such subject; one that was erased is found by the pseudonym in its erasure's record"));
    }

    /** The newest blocks as checkpoints, the oldest of them first. */
    public List<String> checkpoints(int limit) {
        List<String> lines = new ArrayList<>(transactions.read(() -> blocks.newest(limit)).stream()
                .map(Checkpoints::line)
                .toList());
        Collections.reverse(lines);
        return lines;
    }

    /** The public keys that blocks are signed with, by their numbers. */
    public SortedMap<Integer, Bytes> publicKeys() {
        return keyRings.publicKeys();
    }
}
