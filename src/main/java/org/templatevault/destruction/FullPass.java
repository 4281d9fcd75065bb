package org.templatevault.destruction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.DataKey;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.OlderSubjects.Candidate;
import org.templatevault.persistence.OlderSubjects.Subject;
import org.templatevault.persistence.RowsInUse;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.DataKeys;
import org.templatevault.vault.Sealing;

/**
 * Opens every template of the vault under the key that its row names: a column can lie, a tag cannot. Reads a page at a
 * time, at most 500 subjects or 8 MiB, and locks nothing.
 */
@ApplicationScoped
class FullPass {
    private static final int PAGE_SUBJECTS = 500;
    private static final long PAGE_BYTES = 8 << 20;
    private static final UUID FIRST = new UUID(0, 0);

    /** One page: how far it came, what opened as a whole, and the subjects of which something did not. */
    record Page(UUID reached, long subjects, long templates, List<UUID> refused) {}

    @Inject
    Transactions transactions;

    @Inject
    OlderSubjects olderSubjects;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    RowsInUse rowsInUse;

    /** The page after a subject; null when there is none. */
    @Nullable Page page(@Nullable UUID after) {
        UUID from = after == null ? FIRST : after;
        List<UUID> ids = ids(transactions.read(() -> olderSubjects.all(from, PAGE_SUBJECTS)));
        if (ids.isEmpty()) {
            return null;
        }
        RowsInUse.Use use = rowsInUse.begin();
        try {
            return open(ids);
        } finally {
            use.close();
        }
    }

    private Page open(List<UUID> ids) {
        long subjects = 0;
        long templates = 0;
        List<UUID> refused = new ArrayList<>();
        for (Subject subject : transactions.read(() -> olderSubjects.load(ids, Integer.MAX_VALUE, true))) {
            if (opens(subject)) {
                subjects++;
                templates += subject.templates().size();
            } else {
                refused.add(subject.key().subjectId());
            }
        }
        return new Page(ids.get(ids.size() - 1), subjects, templates, refused);
    }

    private static List<UUID> ids(List<Candidate> candidates) {
        List<UUID> ids = new ArrayList<>();
        long bytes = 0;
        for (Candidate candidate : candidates) {
            bytes += candidate.storedBytes();
            if (!ids.isEmpty() && bytes > PAGE_BYTES) {
                break;
            }
            ids.add(candidate.subjectId());
        }
        return ids;
    }

    private boolean opens(Subject subject) {
        var row = subject.key();
        try (DataKey key = dataKeys.open(row.subjectId(), row)) {
            for (var template : subject.templates()) {
                var place = new Sealing.Place(row.subjectId(), template.id(), template.version());
                sealing.openPacked(place, key, row.dekNumber(), DataKeys.suite(row.dataSuite()), template)
                        .close();
            }
            return true;
        } catch (VaultException failure) {
            if (failure.kind() != ErrorKind.INTEGRITY) {
                throw failure;
            }
            return false;
        }
    }
}
