package org.templatevault.trail;

import jakarta.json.JsonObject;
import java.util.HexFormat;
import java.util.Optional;
import org.templatevault.persistence.AuditEntries;

/** Compares an entry's columns with its line. */
final class EntryCheck {
    private EntryCheck() {}

    /** The first column that says something else than the line; {@code line} where that is no entry at all. */
    static Optional<String> differingColumn(AuditEntries.Row entry) {
        Optional<JsonObject> line = JsonText.find(entry.line());
        if (line.isEmpty()) {
            return Optional.of("line");
        }
        JsonObject json = line.get();
        if (!Element.Changes.areReadable(json)) {
            return Optional.of("line");
        }
        String tag = entry.subjectTag() == null
                ? ""
                : HexFormat.of().formatHex(entry.subjectTag().toArray());
        if (!json.getString("id", "").equals(entry.id().toString())) {
            return Optional.of("id");
        }
        if (!json.getString("at", "").equals(entry.at().toString())) {
            return Optional.of("at");
        }
        if (!json.getString("action", "").equals(entry.action())) {
            return Optional.of("action");
        }
        if (!json.getString("outcome", "").equals(entry.outcome())) {
            return Optional.of("outcome");
        }
        if (!json.getString("caller", "").equals(entry.caller() == null ? "" : entry.caller())) {
            return Optional.of("caller");
        }
        return json.getString("subject", "").equals(tag) ? Optional.empty() : Optional.of("subject_tag");
    }
}
