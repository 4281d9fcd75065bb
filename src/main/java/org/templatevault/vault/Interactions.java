package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.Transactions;

/**
 * The days on which persons were there. A read stays one query: it only notes the subject here, and only if its row does
 * not say today already; the rows are written afterwards, many at once. Who is killed within that second loses the notes of
 * it, never more.
 */
@ApplicationScoped
public class Interactions {
    private static final int MOST_WAITING = 100_000;
    private static final int AT_ONCE = 1_000;

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    Retention retention;

    private final Set<UUID> waiting = ConcurrentHashMap.newKeySet();

    /** Notes a read of one template's content, if its purpose is one for which the person is there. */
    void read(UUID subject, @Nullable String purpose, @Nullable LocalDate last) {
        boolean counts = purpose != null && settings.interactionPurposes().contains(purpose);
        if (counts && !isKnown(last) && waiting.size() < MOST_WAITING) {
            waiting.add(subject);
        }
    }

    /**
     * Writes that somebody enrolled another template of a subject which was known, in the transaction that stores it: who is
     * enrolled must not be erased a moment later because his time was over.
     */
    void enrolled(UUID subject, @Nullable LocalDate last) {
        if (!isKnown(last)) {
            retention.interacted(List.of(subject));
        }
    }

    private static boolean isKnown(@Nullable LocalDate last) {
        return last == null || !last.isBefore(LocalDate.now(ZoneOffset.UTC));
    }

    /** Writes what was noted; what cannot be written stays noted. */
    public void write() {
        while (!waiting.isEmpty()) {
            List<UUID> batch = waiting.stream().limit(AT_ONCE).toList();
            batch.forEach(waiting::remove);
            try {
                transactions.call(() -> retention.interacted(batch));
            } catch (RuntimeException notWritten) {
                waiting.addAll(batch);
                throw notWritten;
            }
        }
    }
}
