package org.templatevault.trail;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Caller;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;

/** Puts entries into words: the line that is hashed, and the columns that repeat parts of it. */
@ApplicationScoped
class Entries {
    static final String ALLOWED = "allowed";
    static final String DENIED = "denied";
    static final String FAILED = "failed";

    /**
     * What one entry tells.
     *
     * @param tag the subject's pseudonym
     */
    record Told(
            String outcome,
            @Nullable Integer status,
            @Nullable String code,
            @Nullable Bytes tag,
            @Nullable UUID template,
            @Nullable Integer version,
            Map<String, String> notes,
            List<Element> added,
            List<Element> removed) {

        static Told of(String outcome, @Nullable Integer status, @Nullable String code, @Nullable Bytes tag) {
            return new Told(outcome, status, code, tag, null, null, Map.of(), List.of(), List.of());
        }

        static Told changes(
                @Nullable Bytes tag, Map<String, String> notes, List<Element> added, List<Element> removed) {
            return new Told(ALLOWED, null, null, tag, null, null, notes, added, removed);
        }
    }

    @Inject
    ThisNode node;

    AuditEntries.Row row(AuditContext context, Told told) {
        Instant at = Instant.now().truncatedTo(ChronoUnit.MICROS);
        UUID id = UuidCreator.getTimeOrderedEpoch();
        Caller caller = context.caller();
        String tag = told.tag == null ? null : HexFormat.of().formatHex(told.tag.toArray());
        JsonLine line = new JsonLine()
                .add("v", 1)
                .add("id", id.toString())
                .add("at", at.toString())
                .add("node", node.name())
                .add("request", context.requestId())
                .add("caller", caller.name())
                .add("roles", caller.roles())
                .add("address", caller.address())
                .add("action", context.action())
                .add("outcome", told.outcome)
                .add("status", told.status)
                .add("code", told.code)
                .add("purpose", context.purpose())
                .add("reason", context.reason())
                .add("subject", tag)
                .add("template", told.template == null ? null : told.template.toString())
                .add("version", told.version);
        addAll(line, "targets", context.targets());
        addAll(line, "notes", told.notes);
        addElements(line, "added", told.added);
        addElements(line, "removed", told.removed);
        return new AuditEntries.Row(at, id, context.action(), told.outcome, caller.name(), told.tag, line.toString());
    }

    private static void addAll(JsonLine line, String name, Map<String, String> members) {
        if (!members.isEmpty()) {
            JsonLine object = new JsonLine();
            members.forEach(object::add);
            line.add(name, object);
        }
    }

    private static void addElements(JsonLine line, String name, List<Element> elements) {
        if (!elements.isEmpty()) {
            line.add(name, elements.stream().map(Element::json).toList());
        }
    }
}
