package org.templatevault.approval;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Transactions;

/** Requests that need a second person, from the asking to the carrying out. */
@ApplicationScoped
public class ApprovalLedger {
    private static final String EXPIRED = "EXPIRED";

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    Approvals approvals;

    /**
     * Records a request; part of the caller's transaction.
     *
     * @param request in words, all that will happen once it is approved
     */
    public Approvals.Row request(String kind, String subject, String request, String caller) {
        return request(kind, subject, request, caller, null);
    }

    /** As {@link #request(String, String, String, String)}, with the time at which it ends, approved or not. */
    public Approvals.Row request(
            String kind, String subject, String request, String caller, @Nullable Instant expiresAt) {
        return approvals.insert(
                UuidCreator.getTimeOrderedEpoch(),
                kind,
                subject,
                request,
                hash(kind, subject, request),
                caller,
                expiresAt,
                Duration.ofHours(settings.approvalExpiryHours()));
    }

    private static Bytes hash(String kind, String subject, String request) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (String part : List.of(kind, subject, request)) {
                sha256.update(part.getBytes(StandardCharsets.UTF_8));
                sha256.update((byte) 0);
            }
            return Bytes.of(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    /** One request. */
    public Approvals.Row get(UUID id) {
        return transactions.read(() -> find(id));
    }

    private Approvals.Row find(UUID id) {
        return approvals.find(id).orElseThrow(ApprovalException::absent);
    }

    /**
     * A page of the requests: those that wait for a decision, those that wait to be carried out, the others.
     *
     * @param after the place of the last one of the page before; null for the first page
     */
    public List<Approvals.Row> newest(Approvals.@Nullable Place after, int limit) {
        return transactions.read(() -> approvals.newest(after, limit));
    }

    /**
     * Approves a request.
     *
     * @param requestHash what the approver read, in hexadecimal
     * @throws ApprovalException if the approver is the requester, read another request, or comes too late
     */
    public Approvals.Row approve(UUID id, String requestHash, String caller) {
        return transactions.call(() -> {
            Approvals.Row row = find(id);
            if (row.requestedBy().equals(caller)) {
                throw ApprovalException.ownRequest();
            }
            if (!isHashOf(requestHash, row)) {
                throw ApprovalException.otherRequest();
            }
            requireDecided(approvals.approve(id, caller, Duration.ofMinutes(settings.approvalWaitMinutes())), row);
            return find(id);
        });
    }

    private static boolean isHashOf(String claimed, Approvals.Row row) {
        byte[] present = hash(row.kind(), row.subject(), row.request()).toArray();
        byte[] expected = HexFormat.of().formatHex(present).getBytes(StandardCharsets.US_ASCII);
        return MessageDigest.isEqual(expected, claimed.getBytes(StandardCharsets.UTF_8))
                && MessageDigest.isEqual(present, row.requestHash().toArray());
    }

    private static void requireDecided(boolean decided, Approvals.Row row) {
        if (!decided) {
            throw ApprovalException.state(state(row));
        }
    }

    /** The state, with EXPIRED for what nobody carried out in time. */
    public static String state(Approvals.Row row) {
        return row.expired() ? EXPIRED : row.state();
    }

    /** Refuses a request. */
    public Approvals.Row reject(UUID id, String caller) {
        return transactions.call(() -> {
            Approvals.Row row = find(id);
            requireDecided(approvals.reject(id, caller), row);
            return find(id);
        });
    }

    /**
     * Takes a request back, also an approved one, until it is carried out.
     *
     * @throws ApprovalException if it has ended, or its time is over
     */
    public Approvals.Row cancel(UUID id) {
        return transactions.call(() -> {
            Approvals.Row row = find(id);
            requireDecided(!state(row).equals(EXPIRED) && approvals.end(id, "CANCELLED"), row);
            AuditContext.note("approval", id + " CANCELLED");
            return find(id);
        });
    }

    /**
     * Takes back a request of one's own.
     *
     * @throws ApprovalException if somebody else has asked
     */
    public Approvals.Row cancelOwn(UUID id, String caller) {
        if (!find(id).requestedBy().equals(caller)) {
            throw ApprovalException.notOwnRequest();
        }
        return cancel(id);
    }

    /**
     * Refuses unless the request is of this kind and about this subject, approved, unchanged, in its time.
     *
     * @throws ApprovalException saying what is missing
     */
    public Approvals.Row requireInEffect(UUID id, String kind, String subject) {
        Approvals.Row row = find(id);
        if (!row.kind().equals(kind) || !row.subject().equals(subject)) {
            throw ApprovalException.absent();
        }
        if (!state(row).equals("APPROVED")) {
            throw ApprovalException.notYet("It is " + state(row));
        }
        if (!hash(row.kind(), row.subject(), row.request()).equals(row.requestHash())) {
            throw ApprovalException.changed();
        }
        if (!row.due()) {
            throw ApprovalException.notYet("It may be carried out from " + row.notBefore() + " on");
        }
        return row;
    }

    /** The requests of a kind that may be carried out now. */
    public List<Approvals.Row> inEffect(String kind) {
        return transactions.read(() -> approvals.approved(kind)).stream()
                .filter(this::isInEffect)
                .toList();
    }

    /** Whether it may be carried out now. */
    public boolean isInEffect(Approvals.Row row) {
        try {
            return requireInEffect(row.id(), row.kind(), row.subject()) != null;
        } catch (ApprovalException notYet) {
            return false;
        }
    }

    /** Of the requests of a kind that have ever come into effect, the last: in effect still, cancelled since or expired. */
    public Optional<Approvals.Row> lastInEffect(String kind) {
        return transactions.read(() -> approvals.lastInEffect(kind));
    }

    /** Whether it is approved and in its time, now and until the caller's transaction ends: a cancellation waits for it. */
    public boolean holdApproved(UUID id) {
        return approvals.holdApproved(id);
    }

    /** Ends a request that nothing can carry out any more, if it has not ended; part of the caller's transaction. */
    public void giveUp(UUID id) {
        if (approvals.end(id, "CANCELLED")) {
            AuditContext.note("approval", id + " CANCELLED");
        }
    }

    /** Records that it was carried out; part of the transaction that does so. */
    public void carriedOut(UUID id) {
        Approvals.Row row = find(id);
        requireDecided(approvals.end(id, "CARRIED_OUT"), row);
        AuditContext.note("approval", id + " CARRIED_OUT");
    }
}
