package org.templatevault.retention;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.Period;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.job.Pace;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.BulkErasures.Counts;
import org.templatevault.persistence.BulkErasures.Row;
import org.templatevault.persistence.BulkErasures.Selection;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Replays;
import org.templatevault.vault.RequestKey;
import org.templatevault.vault.Rules;

/** The bulk erasures as their callers see and steer them. */
@ApplicationScoped
public class BulkErasureLedger {
    /** How many lines one page has. */
    public static final int PAGE = 1_000;

    @Inject
    Transactions transactions;

    @Inject
    BulkErasures erasures;

    @Inject
    Retention retention;

    @Inject
    Replays replays;

    @Inject
    Rules rules;

    /** Counts whom a request would concern, and erases nobody. */
    public Counts dryRun(BulkErasureRequest request) {
        check(request);
        return transactions.read(() -> erasures.count(selection(request)));
    }

    /**
     * Records an erasure of those who are there now; the node that holds the lease carries it out.
     *
     * @throws BulkErasureException if it would be more than the request allows
     */
    public Row request(BulkErasureRequest request, String reason, String caller, @Nullable RequestKey key) {
        check(request);
        long most = most(request);
        UUID id = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
            Optional<Idempotency.Row> earlier = replays.claim(key, 202, null, id, null, now);
            if (earlier.isPresent()) {
                return require(
                        Optional.ofNullable(earlier.get().resourceId()).orElseThrow(BulkErasureException::absent));
            }
            note(id, BulkErasureState.REQUESTED);
            Counts counts = erasures.insert(id, selection(request), reason, request.rate(), caller);
            if (counts.total() > most) {
                throw BulkErasureException.tooMany(counts.total(), most);
            }
            return require(id);
        });
    }

    private Selection selection(BulkErasureRequest request) {
        Period olderThan = request.olderThan();
        return new Selection(
                request.subjects(),
                request.modality(),
                olderThan == null ? null : olderThan.toString(),
                request.retentionDue() ? retention.today() : null,
                null);
    }

    /**
     * Asks for the erasure of those who are due, unless the caller has today or does so now; what is more than a query may
     * have waits for the next day.
     */
    void requestDue(String reason, @Nullable Integer rate, String caller) {
        UUID id = UuidCreator.getTimeOrderedEpoch();
        transactions.run(() -> {
            if (!erasures.holdAsking() || erasures.wasAskedSince(caller, retention.today())) {
                return;
            }
            note(id, BulkErasureState.REQUESTED);
            erasures.insert(
                    id,
                    new Selection(null, null, null, retention.today(), BulkErasureRequest.MOST_FOUND),
                    reason,
                    rate,
                    caller);
        });
    }

    private static long most(BulkErasureRequest request) {
        if (request.subjects() != null) {
            return BulkErasureRequest.MOST_LISTED;
        }
        if (request.atMost() == null) {
            throw BulkErasureException.field("atMost", "required beside query: no more than a dry run has counted");
        }
        return request.atMost();
    }

    private void check(BulkErasureRequest request) {
        Pace.requireRate(request.rate());
        List<UUID> subjects = request.subjects();
        boolean query = request.modality() != null || request.olderThan() != null || request.retentionDue();
        if (query == (subjects != null)) {
            throw BulkErasureException.field("query", "either subjects, or a query with at least one field");
        }
        if (subjects != null && (subjects.isEmpty() || subjects.size() > BulkErasureRequest.MOST_LISTED)) {
            throw BulkErasureException.field("subjects", "1 to " + BulkErasureRequest.MOST_LISTED + " ids");
        }
        if (request.modality() != null) {
            rules.modality(request.modality());
        }
        Period olderThan = request.olderThan();
        if (olderThan != null && !PolicyLedger.isWithinACentury(olderThan)) {
            throw BulkErasureException.field("olderThan", "an ISO 8601 period of at most 100 years, such as P2Y");
        }
        Integer most = request.atMost();
        if (most != null && (subjects != null || most < 0 || most > BulkErasureRequest.MOST_FOUND)) {
            throw BulkErasureException.field("atMost", "0 to " + BulkErasureRequest.MOST_FOUND + ", beside query only");
        }
    }

    private Row require(UUID id) {
        return erasures.find(id).orElseThrow(BulkErasureException::absent);
    }

    /** One of them and how far it is. */
    public Row get(UUID id) {
        return transactions.read(() -> require(id));
    }

    /** The newest. */
    public List<Row> newest() {
        return transactions.read(erasures::newest);
    }

    /** The receipts after one; {@link #PAGE} at a time. */
    public List<UUID> receipts(UUID id, UUID after) {
        get(id);
        return transactions.read(() -> erasures.receipts(id, after, PAGE));
    }

    /** The subjects that were left, and why, after one; {@link #PAGE} at a time. */
    public List<BulkErasures.Left> left(UUID id, UUID after) {
        get(id);
        return transactions.read(() -> erasures.left(id, after, PAGE));
    }

    /** Stops the job at the end of its chunk; {@link #resume} goes on. */
    public Row pause(UUID id) {
        return move(id, BulkErasureState.PAUSED);
    }

    /** Goes on after a pause or a failure. */
    public Row resume(UUID id) {
        return move(id, BulkErasureState.RUNNING);
    }

    /** Gives it up; whom it has not reached it forgets. */
    public Row cancel(UUID id) {
        return transactions.call(() -> {
            moveOrRefuse(id, BulkErasureState.CANCELLED);
            erasures.forgetRemaining(id);
            return require(id);
        });
    }

    /** Changes how many subjects a second may be erased, also while they are. */
    public Row changeRate(UUID id, @Nullable Integer rate) {
        Pace.requireRate(rate);
        return transactions.call(() -> {
            Row row = require(id);
            if (!erasures.setRate(id, rate)) {
                throw BulkErasureException.ended(row.state());
            }
            return require(id);
        });
    }

    private Row move(UUID id, BulkErasureState to) {
        return transactions.call(() -> {
            moveOrRefuse(id, to);
            return require(id);
        });
    }

    private void moveOrRefuse(UUID id, BulkErasureState to) {
        Row row = require(id);
        if (!tryMove(id, to)) {
            throw BulkErasureException.illegal(row.state(), to);
        }
    }

    /** Makes the transition if the present state allows it; part of the caller's transaction. */
    boolean tryMove(UUID id, BulkErasureState to) {
        boolean moved = erasures.move(id, to.predecessors(), to.name());
        if (moved) {
            note(id, to);
        }
        return moved;
    }

    private static void note(UUID id, BulkErasureState state) {
        AuditContext.note("bulkErasure", id + " " + state);
    }
}
