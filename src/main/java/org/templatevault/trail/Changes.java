package org.templatevault.trail;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.SubjectErased;
import org.templatevault.persistence.TemplateIdentityRow;
import org.templatevault.persistence.TemplatesChanged;

/** What happened to subjects in one transaction: rows that came and went, erasures. For one thread. */
final class Changes {
    /** What happened to one subject. */
    static final class OfSubject {
        final List<TemplateIdentityRow> added = new ArrayList<>();
        final List<TemplateIdentityRow> removed = new ArrayList<>();
        Erasures.@Nullable Row erasure;

        /** What is worth knowing beside the rows. */
        Map<String, String> notes() {
            Erasures.Row erased = erasure;
            return erased == null
                    ? Map.of()
                    : Map.of(
                            "erasure", erased.id().toString(),
                            "erasureReason", erased.reason(),
                            "erasureRequestedBy", erased.requestedBy());
        }
    }

    private final Map<UUID, OfSubject> bySubject = new LinkedHashMap<>();

    void add(TemplatesChanged changed) {
        changed.added().forEach(row -> of(row.subjectId()).added.add(row));
        changed.removed().forEach(row -> of(row.subjectId()).removed.add(row));
    }

    void add(SubjectErased erased) {
        of(erased.subject()).erasure = erased.erasure();
    }

    private OfSubject of(UUID subject) {
        return bySubject.computeIfAbsent(subject, first -> new OfSubject());
    }

    Map<UUID, OfSubject> bySubject() {
        return bySubject;
    }
}
