package org.templatevault.trail;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.templatevault.persistence.TemplateIdentityRow;
import org.templatevault.persistence.TemplatesChanged;

/** The template rows that came and went in one transaction, by subject. For one thread. */
final class Changes {
    /** The rows of one subject. */
    record OfSubject(List<TemplateIdentityRow> added, List<TemplateIdentityRow> removed) {}

    private final Map<UUID, OfSubject> bySubject = new LinkedHashMap<>();

    void add(TemplatesChanged changed) {
        changed.added().forEach(row -> of(row).added().add(row));
        changed.removed().forEach(row -> of(row).removed().add(row));
    }

    private OfSubject of(TemplateIdentityRow row) {
        return bySubject.computeIfAbsent(row.subjectId(), first -> new OfSubject(new ArrayList<>(), new ArrayList<>()));
    }

    Map<UUID, OfSubject> bySubject() {
        return bySubject;
    }
}
