package org.templatevault.audit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One operation under way on this thread: a request, or work of the vault's own. Opened before it and closed after it;
 * what is told in between is told to the innermost that is open. For one thread.
 */
public final class AuditContext implements AutoCloseable {
    /** The caller of work that nobody asked for. */
    public static final String VAULT = "vault";

    /** Pseudonyms that are kept; no request needs more. */
    private static final int MOST_TAGS = 2000;

    private static final ThreadLocal<@Nullable AuditContext> CURRENT = new ThreadLocal<>();

    /** Who does it; no name where nobody has signed in. */
    public record Caller(
            @Nullable String name,
            Collection<String> roles,
            @Nullable String address) {}

    /**
     * What became of one part of a batch.
     *
     * @param code the code of the failure; null where there was none
     */
    public record Part(
            @Nullable UUID subject,
            @Nullable UUID template,
            @Nullable Integer version,
            @Nullable String code) {}

    private final @Nullable AuditContext outer;
    private final String action;
    private final boolean changing;
    private final Supplier<Caller> whoever;
    private @Nullable Caller caller;
    private @Nullable String requestId;
    private @Nullable String purpose;
    private @Nullable String reason;
    private @Nullable UUID subject;
    private @Nullable String failure;
    private boolean written;
    private boolean lastWritten;
    private boolean writtenBefore;
    private final Map<String, String> targets = new TreeMap<>();
    private final Map<String, String> notes = new LinkedHashMap<>();
    private final Map<UUID, byte[]> tags = new HashMap<>();
    /** Whose pseudonyms go with the present transaction. */
    private final Set<UUID> made = new HashSet<>();

    private final List<Part> parts = new ArrayList<>();

    private AuditContext(String action, boolean changing, Supplier<Caller> whoever) {
        this.outer = CURRENT.get();
        this.action = action;
        this.changing = changing;
        this.whoever = whoever;
        CURRENT.set(this);
    }

    /**
     * Opens the context of a request. What an earlier request may have left on this thread is dropped.
     *
     * @param action method and route pattern, without an id
     * @param changing whether its transactions have entries of their own
     * @param caller asked once, when it is first needed
     */
    public static AuditContext ofRequest(String action, boolean changing, Supplier<Caller> caller) {
        CURRENT.remove();
        return new AuditContext(action, changing, caller);
    }

    /** Opens the context of work of the vault's own: each transaction of it that changes anything has its entry. */
    public static AuditContext ofVault(String work) {
        return new AuditContext(VAULT + ": " + work, true, () -> new Caller(VAULT, List.of(), null));
    }

    /** Does work of the vault's own: each transaction of it that changes anything has its entry. */
    public static void inVault(String work, Runnable task) {
        AuditContext context = ofVault(work);
        try {
            task.run();
        } finally {
            context.close();
        }
    }

    /** As {@link #inVault(String, Runnable)}, with what comes of it. */
    public static <T> T callInVault(String work, Supplier<T> task) {
        AuditContext context = ofVault(work);
        try {
            return task.get();
        } finally {
            context.close();
        }
    }

    /** Opens the context of what was counted instead of being told each time. */
    public static AuditContext ofCounted(String action, Caller caller) {
        return new AuditContext(action, false, () -> caller);
    }

    /** The operation that this thread is at. */
    public static Optional<AuditContext> current() {
        return Optional.ofNullable(CURRENT.get());
    }

    /** Tells that the operation is about this subject. */
    public static void about(UUID subject) {
        current().ifPresent(context -> context.subject = subject);
    }

    /** Tells a subject's pseudonym, which cannot be computed any more once its key is gone. */
    public static void know(UUID subject, Supplier<byte[]> pseudonym) {
        AuditContext context = CURRENT.get();
        if (context != null && context.tags.size() < MOST_TAGS) {
            context.tags.computeIfAbsent(subject, unknown -> pseudonym.get());
        }
    }

    /** As {@link #know}, of a subject that the present transaction makes: forgotten if that fails, with the key. */
    public static void knowNew(UUID subject, Supplier<byte[]> pseudonym) {
        know(subject, pseudonym);
        current().ifPresent(context -> context.made.add(subject));
    }

    /** Tells something worth knowing that the present transaction does. Told again, it replaces what was told. */
    public static void note(String name, String value) {
        current().ifPresent(context -> context.notes.put(name, value));
    }

    /** Tells what became of one part of a batch. */
    public static void part(Part part) {
        current().ifPresent(context -> context.parts.add(part));
    }

    /** Tells the code of the failure that the operation ends with. */
    public static void failed(String code) {
        current().ifPresent(context -> context.failure = code);
    }

    /** Forgets what was noted in a transaction that did not come to its end. */
    public void transactionBegan() {
        lastWritten = false;
        writtenBefore = written;
        notes.clear();
        made.clear();
    }

    /** Forgets what is not so because the transaction failed: its entry, and the subjects that it made. */
    public void transactionFailed() {
        lastWritten = false;
        written = writtenBefore;
        tags.keySet().removeAll(made);
        made.clear();
    }

    /** What was noted in this transaction; afterwards nothing is. */
    public Map<String, String> takeNotes() {
        Map<String, String> taken = new LinkedHashMap<>(notes);
        notes.clear();
        return taken;
    }

    /** Whether anything was noted in this transaction. */
    public boolean hasNotes() {
        return !notes.isEmpty();
    }

    /** The request's own id, the purpose of a read, and the reason of a deletion, where it has them. */
    public void describe(@Nullable String requestId, @Nullable String purpose, @Nullable String reason) {
        this.requestId = requestId;
        this.purpose = purpose;
        this.reason = reason;
    }

    /** A thing that the request's path names, other than a subject. */
    public void addTarget(String name, String value) {
        targets.put(name, value);
    }

    /** Says that a transaction of this operation has its entry. */
    public void markWritten() {
        written = true;
        lastWritten = true;
    }

    /** Whether a transaction of this operation has its entry. */
    public boolean isWritten() {
        return written;
    }

    /** Whether the newest transaction of this operation has its entry. */
    public boolean isLastWritten() {
        return lastWritten;
    }

    /** Whether a transaction that changes something has an entry whatever was noted. */
    public boolean isChanging() {
        return changing;
    }

    /** What is done: method and route pattern, or the vault's work. */
    public String action() {
        return action;
    }

    /** Who does it. */
    public Caller caller() {
        Caller known = caller;
        if (known == null) {
            known = whoever.get();
            caller = known;
        }
        return known;
    }

    /** The request's id. */
    public @Nullable String requestId() {
        return requestId;
    }

    /** What the read is for. */
    public @Nullable String purpose() {
        return purpose;
    }

    /** Why it is deleted. */
    public @Nullable String reason() {
        return reason;
    }

    /** The subject that the operation is about. */
    public @Nullable UUID subject() {
        return subject;
    }

    /** The code of the failure that it ended with. */
    public @Nullable String failure() {
        return failure;
    }

    /** What the request's path names, other than a subject. */
    public Map<String, String> targets() {
        return targets;
    }

    /** The pseudonyms that were told. */
    public Map<UUID, byte[]> tags() {
        return tags;
    }

    /** The parts that were told. */
    public List<Part> parts() {
        return parts;
    }

    /** Ends the operation; the one around it, if there is one, goes on. */
    @Override
    public void close() {
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
    }
}
