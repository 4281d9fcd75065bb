package org.templatevault.epoch;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.DestructionLedger;
import org.templatevault.destruction.PolicyLedger;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.persistence.Transactions;
import org.templatevault.rotation.QuarantineLedger;
import org.templatevault.rotation.RotationLedger;
import org.templatevault.rotation.RotationRequest;

/**
 * Looks what the standing policy makes due: a rotation by {@code rewrap}, the release of keys that nobody can open, the
 * destruction of versions that were left. There is no state of its own: rows decide.
 */
@ApplicationScoped
public class EpochSchedule {
    /** The schedule's name. */
    public static final String NAME = "epoch";

    /**
     * The schedule as the policy in effect makes it.
     *
     * @param policy null while none is in effect: then the epoch is off
     * @param nextDueAt when the next version is made
     */
    public record Report(
            StandingPolicies.@Nullable Row policy, @Nullable Instant nextDueAt) {}

    @Inject
    Transactions transactions;

    @Inject
    PolicyLedger policies;

    @Inject
    KeyVersions keyVersions;

    @Inject
    Rotations rotations;

    @Inject
    RotationLedger rotationLedger;

    @Inject
    DestructionLedger destructions;

    @Inject
    QuarantineLedger quarantine;

    /** The schedule. */
    public Report report() {
        Optional<StandingPolicies.Row> policy = policies.inEffect();
        return new Report(policy.orElse(null), policy.map(this::due).orElse(null));
    }

    private Instant due(StandingPolicies.Row policy) {
        KeyVersions.Row active = transactions.read(keyVersions::all).stream()
                .filter(row -> row.state().equals("ACTIVE"))
                .findFirst()
                .orElseThrow();
        return Optional.ofNullable(active.activatedAt())
                .orElse(active.createdAt())
                .plus(policy.interval());
    }

    /** What keeps a release or a destruction from its end does not keep the next version from being made. */
    void look() {
        policies.inEffect().ifPresent(policy -> {
            if (transactions.read(rotations::open).isEmpty()) {
                try {
                    quarantine.releaseOverdue(policy.quarantine(), DestructionLedger.BY_POLICY);
                    transactions.read(keyVersions::all).forEach(version -> destructions.begin(version, policy));
                } finally {
                    rotateWhenDue(policy);
                }
            }
        });
    }

    private void rotateWhenDue(StandingPolicies.Row policy) {
        if (!due(policy).isAfter(Instant.now())) {
            rotationLedger.request(
                    new RotationRequest("rewrap", "scheduled", null, null, policy.rate()),
                    DestructionLedger.BY_POLICY,
                    null);
        }
    }
}
