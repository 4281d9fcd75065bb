package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.templatevault.audit.AuditContext;
import org.templatevault.envelope.DataKey;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.DataKeys;

/** The names of subjects in the trail: pseudonyms under keys that die with the subjects. */
@ApplicationScoped
class SubjectTags {
    @Inject
    Transactions transactions;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    DataKeys dataKeys;

    /** The pseudonyms of these subjects; an unknown one has none, nor has one whose key does not unwrap. */
    Map<UUID, Bytes> of(AuditContext context, Collection<UUID> subjects) {
        Map<UUID, Bytes> tags = new HashMap<>();
        context.tags().forEach((subject, tag) -> tags.put(subject, Bytes.of(tag)));
        List<UUID> unknown = subjects.stream()
                .filter(subject -> !tags.containsKey(subject))
                .distinct()
                .toList();
        if (!unknown.isEmpty()) {
            find(unknown).forEach(row -> open(row).ifPresent(tag -> tags.put(row.subjectId(), tag)));
        }
        return tags;
    }

    private List<SubjectKeyRow> find(List<UUID> subjects) {
        return transactions.isUnderWay()
                ? subjectKeys.findAll(subjects)
                : transactions.read(() -> subjectKeys.findAll(subjects));
    }

    /** The pseudonym of a living subject. */
    Optional<Bytes> of(UUID subject) {
        return find(List.of(subject)).stream().findFirst().flatMap(this::open);
    }

    private Optional<Bytes> open(SubjectKeyRow row) {
        try (DataKey key = dataKeys.open(row.subjectId(), row)) {
            return Optional.of(Bytes.of(DataKeys.pseudonym(key, row.subjectId())));
        } catch (VaultException broken) {
            return Optional.empty();
        }
    }
}
