package org.templatevault.vault;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.DataKey;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys.Touched;
import org.templatevault.persistence.TryAgainException;

/**
 * The subjects of one batch inside its transaction: their rows are held, their keys open until this is closed. A subject
 * that is refused (erased, a broken key, a wrong id) spoils its own items only.
 */
final class BatchSubjects implements AutoCloseable {
    private final BatchVault vault;
    private final OldestWrap oldest;
    private final Instant now;
    private final Map<UUID, SubjectKeyRow> rows = new HashMap<>();
    private final Map<UUID, DataKey> keys = new HashMap<>();
    private final Map<UUID, VaultException> refused = new HashMap<>();
    private final Map<UUID, Long> asked = new TreeMap<>();
    private final Map<UUID, Long> taken = new HashMap<>();
    private final Set<Integer> wrappedUnder = new TreeSet<>();
    private final Map<UUID, String> policies = new HashMap<>();

    BatchSubjects(BatchVault vault, OldestWrap oldest, Instant now) {
        this.vault = vault;
        this.oldest = oldest;
        this.now = now;
    }

    void hold(List<BatchItem> items) {
        for (BatchItem item : items) {
            if (!item.isRefused()) {
                asked.merge(item.subject(), (long) item.packed().envelopeLength(), Long::sum);
            }
        }
        if (!asked.isEmpty()) {
            vault.subjectKeys.touchAll(asked).forEach(this::openKnown);
            choosePolicies(items);
            createUnknown();
        }
    }

    /** The first item of a new subject that names a policy chooses it. */
    private void choosePolicies(List<BatchItem> items) {
        Map<UUID, String> chosen = new HashMap<>();
        for (BatchItem item : items) {
            if (!item.isRefused() && item.policy() != null && !rows.containsKey(item.subject())) {
                chosen.putIfAbsent(item.subject(), item.policy());
            }
        }
        if (!chosen.isEmpty()) {
            Set<String> known = vault.policies.known(Set.copyOf(chosen.values()));
            chosen.forEach((subject, policy) -> {
                if (known.contains(policy)) {
                    policies.put(subject, policy);
                } else {
                    refused.put(subject, RetentionVault.unknownPolicy());
                }
            });
        }
    }

    /**
     * Refuses an item that names a policy which is unknown, or not its subject's. Before room is taken for it.
     *
     * @throws VaultException saying which
     */
    void requirePolicy(UUID subject, @Nullable String policy) {
        String present = policies.getOrDefault(subject, Policies.DEFAULT);
        if (policy != null && !policy.equals(present) && !refused.containsKey(subject)) {
            RetentionVault.requireKnown(vault.policies, policy);
            throw new PolicyDiffersException();
        }
    }

    private void openKnown(Touched touched) {
        SubjectKeyRow row = touched.row();
        rows.put(row.subjectId(), row);
        if (touched.policy() != null) {
            policies.put(row.subjectId(), touched.policy());
        }
        try {
            row = vault.mover.fit(touched, now);
            rows.put(row.subjectId(), row);
            if (SubjectMover.isMoved(touched, row)) {
                wrappedUnder.add(row.kekVersion());
            }
            keys.put(row.subjectId(), vault.dataKeys.open(row.subjectId(), row));
        } catch (VaultException broken) {
            refuse(row.subjectId(), broken);
        }
    }

    private void createUnknown() {
        List<SubjectKeyRow> fresh = new ArrayList<>();
        asked.forEach((subject, bytes) -> {
            if (!rows.containsKey(subject) && !refused.containsKey(subject)) {
                create(subject, bytes, fresh);
            }
        });
        if (fresh.isEmpty()) {
            return;
        }
        if (vault.subjectKeys.insertAll(fresh, policies).size() < fresh.size()) {
            throw new TryAgainException("A subject was made by somebody else meanwhile");
        }
        withdrawErased(fresh);
    }

    private void create(UUID subject, long bytes, List<SubjectKeyRow> fresh) {
        try {
            vault.rules.checkNewSubject(subject);
            DataKey key = DataKey.generate();
            keys.put(subject, key);
            SubjectKeyRow row = vault.dataKeys.newRow(subject, key, null, bytes, oldest, now);
            rows.put(subject, row);
            fresh.add(row);
            wrappedUnder.add(row.kekVersion());
        } catch (VaultException wrongId) {
            refuse(subject, wrongId);
        }
    }

    /** What is so for a moment is not remembered as the answer: the whole batch comes again. */
    private void refuse(UUID subject, VaultException reason) {
        if (reason.kind() == ErrorKind.UNAVAILABLE) {
            throw reason;
        }
        refused.put(subject, reason);
    }

    /** After the insert, so that an erasure which committed before it is seen (see {@link TemplateVault}). */
    private void withdrawErased(List<SubjectKeyRow> fresh) {
        Map<String, UUID> byTombstone = new HashMap<>();
        List<byte[]> tombstones = new ArrayList<>();
        for (SubjectKeyRow row : fresh) {
            for (byte[] tombstone : vault.dataKeys.tombstones(row.subjectId())) {
                byTombstone.put(HexFormat.of().formatHex(tombstone), row.subjectId());
                tombstones.add(tombstone);
            }
        }
        List<UUID> erased = new ArrayList<>();
        for (String tombstone : vault.erasures.existing(tombstones)) {
            UUID subject = byTombstone.get(tombstone);
            if (subject != null && refused.put(subject, new SubjectErasedException(null)) == null) {
                erased.add(subject);
            }
        }
        if (!erased.isEmpty()) {
            vault.subjectKeys.withdraw(erased);
        }
    }

    /**
     * Takes room for one envelope, in the order of the items.
     *
     * @throws VaultException if the subject is refused or full
     */
    SubjectKeyRow takeRoom(UUID subject, int bytes) {
        VaultException reason = refused.get(subject);
        if (reason != null) {
            throw reason;
        }
        SubjectKeyRow row = rows.get(subject);
        if (row == null) {
            throw new SubjectNotFoundException();
        }
        long before = row.storedBytes() - asked.getOrDefault(subject, 0L);
        long used = taken.getOrDefault(subject, 0L) + bytes;
        if (before + used > vault.settings.subjectMaxBytes()) {
            throw InvalidTemplateException.subjectFull(vault.settings.subjectMaxBytes());
        }
        taken.put(subject, used);
        return row;
    }

    DataKey key(UUID subject) {
        DataKey key = keys.get(subject);
        if (key == null) {
            throw new SubjectNotFoundException();
        }
        return key;
    }

    /** The rows were held with room for all that was asked; gives back what full subjects did not take. */
    void giveBackRoom() {
        asked.forEach((subject, bytes) -> {
            long unused = bytes - taken.getOrDefault(subject, 0L);
            if (unused != 0 && rows.containsKey(subject)) {
                vault.subjectKeys.addStoredBytes(subject, -unused);
            }
        });
    }

    /** Last before the commit. */
    void holdActiveVersion() {
        wrappedUnder.forEach(vault.dataKeys::holdActive);
    }

    @Override
    public void close() {
        keys.values().forEach(DataKey::close);
    }
}
