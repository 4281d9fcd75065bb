package org.templatevault.approval;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
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
        return request(kind, subject, request, caller, now().plus(Duration.ofHours(settings.approvalExpiryHours())));
    }

    /** As {@link #request(String, String, String, String)}, with the time at which it ends, approved or not. */
    public Approvals.Row request(String kind, String subject, String request, String caller, Instant expiresAt) {
        Instant now = now();
        Approvals.Row row = new Approvals.Row(
                UuidCreator.getTimeOrderedEpoch(),
                kind,
                subject,
                request,
                hash(kind, subject, request),
                "REQUESTED",
                caller,
                now,
                null,
                null,
                null,
                expiresAt);
        approvals.insert(row);
        return row;
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
        return approvals.find(id).orElseThrow(ApprovalException::absent);
    }

    /** The newest requests. */
    public List<Approvals.Row> newest() {
        return approvals.newest();
    }

    /**
     * Approves a request.
     *
     * @param requestHash what the approver read, in hexadecimal
     * @throws ApprovalException if the approver is the requester, read another request, or comes too late
     */
    public Approvals.Row approve(UUID id, String requestHash, String caller) {
        return transactions.call(() -> {
            Approvals.Row row = get(id);
            if (row.requestedBy().equals(caller)) {
                throw ApprovalException.ownRequest();
            }
            if (!isHashOf(requestHash, row)) {
                throw ApprovalException.otherRequest();
            }
            Instant now = now();
            Instant notBefore = now.plus(Duration.ofMinutes(settings.approvalWaitMinutes()));
            requireDecided(approvals.decide(id, "APPROVED", caller, now, notBefore), row);
            return get(id);
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
        boolean open = row.state().equals("REQUESTED") || row.state().equals("APPROVED");
        return open && row.expiresAt().isBefore(Instant.now()) ? EXPIRED : row.state();
    }

    /** Refuses a request. */
    public Approvals.Row reject(UUID id, String caller) {
        return transactions.call(() -> {
            Approvals.Row row = get(id);
            requireDecided(approvals.decide(id, "REJECTED", caller, now(), null), row);
            return get(id);
        });
    }

    /**
     * Takes a request back, also an approved one, until it is carried out.
     *
     * @throws ApprovalException if it has ended, or its time is over
     */
    public Approvals.Row cancel(UUID id) {
        return transactions.call(() -> {
            Approvals.Row row = get(id);
            requireDecided(!state(row).equals(EXPIRED) && approvals.end(id, "CANCELLED", now()), row);
            AuditContext.note("approval", id + " CANCELLED");
            return get(id);
        });
    }

    /**
     * Takes back a request of one's own.
     *
     * @throws ApprovalException if somebody else has asked
     */
    public Approvals.Row cancelOwn(UUID id, String caller) {
        if (!get(id).requestedBy().equals(caller)) {
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
        Approvals.Row row = get(id);
        Instant notBefore = row.notBefore();
        if (!row.kind().equals(kind) || !row.subject().equals(subject)) {
            throw ApprovalException.absent();
        }
        if (!state(row).equals("APPROVED") || notBefore == null) {
            throw ApprovalException.notYet("It is " + state(row));
        }
        if (!hash(row.kind(), row.subject(), row.request()).equals(row.requestHash())) {
            throw ApprovalException.changed();
        }
        if (notBefore.isAfter(Instant.now())) {
            throw ApprovalException.notYet("It may be carried out from " + notBefore + " on");
        }
        return row;
    }

    /** The requests of a kind that may be carried out now. */
    public List<Approvals.Row> inEffect(String kind) {
        return transactions.read(() -> approvals.approved(kind)).stream()
                .filter(this::isInEffect)
                .toList();
    }

    private boolean isInEffect(Approvals.Row row) {
        try {
            return requireInEffect(row.id(), row.kind(), row.subject()) != null;
        } catch (ApprovalException notYet) {
            return false;
        }
    }

    /** Whether it is approved and in its time, now and until the caller's transaction ends: a cancellation waits for it. */
    public boolean holdApproved(UUID id) {
        return approvals.holdApproved(id, now());
    }

    /** Records that it was carried out; part of the transaction that does so. */
    public void carriedOut(UUID id) {
        Approvals.Row row = get(id);
        requireDecided(approvals.end(id, "CARRIED_OUT", now()), row);
        AuditContext.note("approval", id + " CARRIED_OUT");
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
