package org.templatevault.trail;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Part;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.AuditUnavailableException;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.SubjectErased;
import org.templatevault.persistence.TemplatesChanged;
import org.templatevault.persistence.TransactionBegan;
import org.templatevault.persistence.TransactionEnding;
import org.templatevault.persistence.TransactionFailed;
import org.templatevault.persistence.Transactions;
import org.templatevault.trail.Entries.Told;

/**
 * Writes the entries: those of a change inside its transaction, as the last statement before the commit, wherever the
 * change is made; all others before the answer leaves.
 */
@ApplicationScoped
public class Trail {
    private static final Object CHANGES = new Object();

    @Resource
    TransactionSynchronizationRegistry transaction;

    @Inject
    Transactions transactions;

    @Inject
    AuditEntries auditEntries;

    @Inject
    Entries entries;

    @Inject
    RowElements elements;

    @Inject
    SubjectTags tags;

    @Inject
    GroupCommit groupCommit;

    void forget(@Observes TransactionBegan began) {
        AuditContext.current().ifPresent(AuditContext::transactionBegan);
    }

    void forget(@Observes TransactionFailed failed) {
        AuditContext.current().ifPresent(AuditContext::transactionFailed);
    }

    void collect(@Observes TemplatesChanged changed) {
        changes().add(changed);
    }

    void collect(@Observes SubjectErased erased) {
        changes().add(erased);
    }

    private Changes changes() {
        Changes changes = (Changes) transaction.getResource(CHANGES);
        if (changes == null) {
            changes = new Changes();
            transaction.putResource(CHANGES, changes);
            if (!transactions.isUnderWay()) {
                writeBeforeTheContainersCommit(changes, AuditContext.current().orElse(null));
            }
        }
        return changes;
    }

    /** A batch job's chunk has a transaction that the container ends. */
    private void writeBeforeTheContainersCommit(Changes changes, @Nullable AuditContext context) {
        transaction.registerInterposedSynchronization(new Synchronization() {
            @Override
            public void beforeCompletion() {
                if (context == null) {
                    writeUnasked(changes);
                } else {
                    write(context, changes);
                }
            }

            @Override
            public void afterCompletion(int status) {
                if (context != null && status == Status.STATUS_COMMITTED) {
                    context.markWritten();
                }
            }
        });
    }

    void end(@Observes TransactionEnding ending) {
        Changes changes = (Changes) transaction.getResource(CHANGES);
        AuditContext context = AuditContext.current().orElse(null);
        if (context != null) {
            write(context, changes == null ? new Changes() : changes);
        } else if (changes != null) {
            writeUnasked(changes);
        }
    }

    /** Rows that change outside any operation are told of all the same. */
    private void writeUnasked(Changes changes) {
        try (AuditContext context = AuditContext.ofVault("work")) {
            write(context, changes);
        }
    }

    private void write(AuditContext context, Changes changes) {
        Map<String, String> notes = context.takeNotes();
        List<AuditEntries.Row> rows = new ArrayList<>();
        if (!changes.bySubject().isEmpty()) {
            rows.addAll(changed(context, changes, notes));
        } else if (!notes.isEmpty() || context.isChanging()) {
            UUID subject = context.subject();
            Bytes tag =
                    subject == null ? null : tags.of(context, List.of(subject)).get(subject);
            rows.add(entries.row(context, Told.changes(tag, notes, List.of(), List.of())));
        }
        if (!rows.isEmpty() && auditEntries.insertIfChanged(rows) > 0) {
            context.markWritten();
        }
    }

    private List<AuditEntries.Row> changed(AuditContext context, Changes changes, Map<String, String> notes) {
        Map<UUID, Bytes> known = tags.of(context, changes.bySubject().keySet());
        List<AuditEntries.Row> rows = new ArrayList<>();
        changes.bySubject()
                .forEach((subject, rowsOf) -> rows.add(entries.row(
                        context,
                        Told.changes(
                                tag(known.get(subject), rowsOf),
                                all(notes, rowsOf.notes()),
                                rowsOf.added.stream().map(elements::of).toList(),
                                rowsOf.removed.stream().map(elements::of).toList()))));
        return rows;
    }

    /** The key of an erased subject is gone already; its record has kept the pseudonym. */
    private static @Nullable Bytes tag(@Nullable Bytes known, Changes.OfSubject changes) {
        return known == null && changes.erasure != null ? changes.erasure.pseudonym() : known;
    }

    private static Map<String, String> all(Map<String, String> some, Map<String, String> others) {
        Map<String, String> all = new TreeMap<>(some);
        all.putAll(others);
        return all;
    }

    /**
     * Does a batch job's chunk, whose transaction the container ends. What it notes is an entry of that transaction, where
     * it has changed anything; where it has changed templates, the entries of their subjects have the notes.
     */
    public <T> T inChunk(String work, Supplier<T> chunk) {
        try (AuditContext context = AuditContext.ofVault(work)) {
            T result = chunk.get();
            if (transaction.getResource(CHANGES) == null) {
                writeNotes(context);
            }
            return result;
        }
    }

    private void writeNotes(AuditContext context) {
        if (context.hasNotes()) {
            Map<String, String> notes = context.takeNotes();
            auditEntries.insertIfChanged(
                    List.of(entries.row(context, Told.changes(null, notes, List.of(), List.of()))));
        }
    }

    /**
     * Ends a request: whatever of it is in no entry yet is written, and is durable when this returns.
     *
     * @param status of the answer that is about to leave
     * @throws AuditUnavailableException if it cannot be written: the answer must not leave
     */
    public void answer(AuditContext context, int status) {
        List<Part> parts = context.parts();
        boolean failed = status >= 400;
        List<AuditEntries.Row> rows = new ArrayList<>();
        if (!parts.isEmpty()) {
            rows.addAll(ofParts(context, parts, status));
        }
        if (failed || (parts.isEmpty() && !context.isWritten())) {
            UUID subject = context.subject();
            Bytes tag =
                    subject == null ? null : tags.of(context, List.of(subject)).get(subject);
            rows.add(entries.row(context, Told.of(outcome(status), status, context.failure(), tag)));
        }
        groupCommit.write(rows);
    }

    private List<AuditEntries.Row> ofParts(AuditContext context, List<Part> parts, int status) {
        Map<UUID, Bytes> known = tags.of(
                context,
                parts.stream().map(Part::subject).filter(Objects::nonNull).toList());
        List<AuditEntries.Row> rows = new ArrayList<>();
        for (Part part : parts) {
            UUID subject = part.subject();
            Told told = new Told(
                    part.code() == null && status < 400 ? Entries.ALLOWED : Entries.FAILED,
                    status,
                    part.code(),
                    subject == null ? null : known.get(subject),
                    part.template(),
                    part.version(),
                    Map.of(),
                    List.of(),
                    List.of());
            rows.add(entries.row(context, told));
        }
        return rows;
    }

    /** What an answer with this status is called. */
    static String outcome(int status) {
        if (status < 400) {
            return Entries.ALLOWED;
        }
        return status == 401 || status == 403 ? Entries.DENIED : Entries.FAILED;
    }
}
