package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Caller;
import org.templatevault.audit.Network;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.trail.Entries.Told;

/**
 * Counts what is refused to those who are not signed in, what they may read, and what the server refuses by itself, by
 * address and minute: whoever has no password must not be able to fill the trail.
 */
@ApplicationScoped
public class Refusals {
    /** About a minute's entries. */
    private static final int MOST_KINDS = 300;

    private static final String OTHERS = "others";
    private static final String REFUSED = "refused";
    private static final String PUBLIC = "public";

    private record Kind(Instant minute, @Nullable String caller, String address, int status) {}

    @Inject
    Entries entries;

    @Inject
    GroupCommit groupCommit;

    private final Map<Kind, Long> counts = new HashMap<>();

    /** Counts one. */
    public synchronized void count(@Nullable String caller, String address, int status) {
        Instant minute = Instant.now().truncatedTo(ChronoUnit.MINUTES);
        Kind kind = new Kind(minute, caller, caller == null ? Network.of(address) : address, status);
        boolean room = counts.size() < MOST_KINDS || counts.containsKey(kind);
        counts.merge(room ? kind : new Kind(minute, null, OTHERS, status), 1L, Long::sum);
    }

    /** Writes an entry for each kind that was counted. */
    void flush() {
        Map<Kind, Long> taken;
        synchronized (this) {
            taken = Map.copyOf(counts);
            counts.clear();
        }
        try {
            groupCommit.write(taken.entrySet().stream()
                    .map(entry -> row(entry.getKey(), entry.getValue()))
                    .toList());
        } catch (RuntimeException e) {
            synchronized (this) {
                taken.forEach((kind, count) -> counts.merge(kind, count, Long::sum));
            }
            throw e;
        }
    }

    private AuditEntries.Row row(Kind kind, long count) {
        String action = kind.status < 400 ? PUBLIC : REFUSED;
        try (AuditContext context = AuditContext.ofCounted(action, new Caller(kind.caller, List.of(), kind.address))) {
            Map<String, String> notes = Map.of("count", Long.toString(count), "minute", kind.minute.toString());
            String outcome = Trail.outcome(kind.status);
            return entries.row(
                    context, new Told(outcome, kind.status, null, null, null, null, notes, List.of(), List.of()));
        }
    }
}
