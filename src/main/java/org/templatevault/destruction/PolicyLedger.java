package org.templatevault.destruction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.approval.ApprovalException;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.config.Settings;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.persistence.Transactions;

/**
 * The standing policy: what two people decide once, and the epoch carries out until it expires or one of them cancels its
 * approval. The words that were approved are made from its figures; a policy whose figures were changed has other words,
 * and is not in effect.
 */
@ApplicationScoped
public class PolicyLedger {
    /** The kind of approval that a standing policy needs. */
    public static final String STANDING = "standing-policy";

    /** What the approval is about. */
    public static final String SUBJECT = "epoch";

    private static final int MOST_MONTHS = 12;
    private static final Duration MOST_INTERVAL = Duration.ofDays(366);
    private static final int MOST_RATE = 1_000_000;

    /** A policy and its approval. */
    public record Report(StandingPolicies.Row policy, Approvals.Row approval, boolean inEffect) {}

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    StandingPolicies policies;

    @Inject
    ApprovalLedger approvals;

    /**
     * Asks for a policy; somebody else has to approve it. The policy's approval id is not read.
     *
     * @throws VaultException naming the field that is wrong
     */
    public Report request(StandingPolicies.Row wanted, String caller) {
        check(wanted);
        return transactions.call(() -> {
            Approvals.Row approval = approvals.request(STANDING, SUBJECT, words(wanted), caller, wanted.expiresAt());
            policies.insert(withApproval(wanted, approval.id()));
            return new Report(withApproval(wanted, approval.id()), approval, false);
        });
    }

    private static StandingPolicies.Row withApproval(StandingPolicies.Row row, UUID approval) {
        return new StandingPolicies.Row(
                approval,
                row.interval(),
                row.delay(),
                row.quarantine(),
                row.withoutNewerBackup(),
                row.rate(),
                row.expiresAt());
    }

    private void check(StandingPolicies.Row row) {
        Duration least = Duration.ofMinutes(settings.approvalWaitMinutes());
        require(isWithin(row.interval(), Duration.ofSeconds(1), MOST_INTERVAL), "interval", "PT1S to P366D");
        require(
                isWithin(row.delay(), least, MOST_INTERVAL),
                "wait",
                "at least VAULT_APPROVAL_WAIT_MINUTES, " + least + ", at most P366D");
        require(isWithin(row.quarantine(), Duration.ZERO, MOST_INTERVAL), "quarantine", "PT0S to P366D");
        Integer rate = row.rate();
        require(rate == null || (rate >= 1 && rate <= MOST_RATE), "rate", "1 to " + MOST_RATE + ", or null");
        Instant now = DestructionLedger.now();
        Instant most = now.atOffset(ZoneOffset.UTC).plusMonths(MOST_MONTHS).toInstant();
        require(
                row.expiresAt().isAfter(now) && !row.expiresAt().isAfter(most),
                "expiresAt",
                "in the future, at most 12 months from now");
    }

    private static boolean isWithin(Duration value, Duration least, Duration most) {
        return value.compareTo(least) >= 0 && value.compareTo(most) <= 0;
    }

    private static void require(boolean right, String field, String rule) {
        if (!right) {
            throw new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
        }
    }

    /** All that will happen, made of the policy's figures and nothing else. */
    private static String words(StandingPolicies.Row row) {
        return "Until " + row.expiresAt().truncatedTo(ChronoUnit.MICROS)
                + ", without being asked again: make a new key version as soon as the active one is "
                + row.interval() + " old; move every subject to it"
                + (row.rate() == null ? "" : ", at most " + row.rate() + " a second")
                + "; destroy every older version for ever, its wrapped key, then its root key, when no row needs it, "
                + row.delay() + " have passed since the last one left it, every template of the vault was opened"
                + (row.withoutNewerBackup()
                        ? ". No newer registered backup is waited for"
                        : ", and a newer backup of database and key store is registered")
                + ". A subject whose key does not open for " + row.quarantine()
                + " is erased with all its templates; a template that does not open for as long keeps no version.";
    }

    /** The policies, the newest first. */
    public List<Report> newest() {
        List<StandingPolicies.Row> rows = transactions.read(policies::newest);
        Optional<UUID> present = inEffect().map(StandingPolicies.Row::approvalId);
        return rows.stream()
                .map(row -> new Report(
                        row,
                        approvals.get(row.approvalId()),
                        present.filter(row.approvalId()::equals).isPresent()))
                .toList();
    }

    /**
     * The policy that holds now: the last one that came into effect, while it is approved, unchanged and in its time. One
     * that it replaced does not come back.
     */
    public Optional<StandingPolicies.Row> inEffect() {
        return approvals.lastInEffect(STANDING).filter(approvals::isInEffect).flatMap(this::unchanged);
    }

    /** Whether another policy has come into effect since. */
    boolean isReplaced(UUID approval) {
        return approvals
                .lastInEffect(STANDING)
                .filter(last -> !last.id().equals(approval))
                .isPresent();
    }

    private Optional<StandingPolicies.Row> unchanged(Approvals.Row approval) {
        return transactions
                .read(() -> policies.find(approval.id()))
                .filter(row -> words(row).equals(approval.request()));
    }

    /**
     * The policy of an approval, if that is one of a standing policy and in effect.
     *
     * @throws ApprovalException saying what is missing
     */
    StandingPolicies.Row require(UUID approval) {
        Approvals.Row row = approvals.requireInEffect(approval, STANDING, SUBJECT);
        return unchanged(row).orElseThrow(ApprovalException::changed);
    }

    /** Whether an approval is one of a standing policy. */
    static boolean isStanding(Approvals.@Nullable Row approval) {
        return approval != null && approval.kind().equals(STANDING);
    }
}
