package org.templatevault.destruction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.audit.AuditContext;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.VersionKeys;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.DatabaseClock;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Quarantine;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;

/**
 * The steps of a destruction. Each is one transaction, or may be done again: a crash between any two is made good by
 * running the step again.
 */
@ApplicationScoped
class DestructionSteps {
    private static final System.Logger LOG = System.getLogger(DestructionSteps.class.getName());
    /** The lease of destructions is renewed after it. */
    private static final Duration PASS_SLICE = Duration.ofSeconds(5);

    private static final List<String> BEFORE_THE_END = List.of("REQUESTED", "PASSING", "WAITING");

    @Inject
    Transactions transactions;

    @Inject
    Destructions destructions;

    @Inject
    DatabaseClock clock;

    @Inject
    DestructionLedger ledger;

    @Inject
    ApprovalLedger approvals;

    @Inject
    PolicyLedger policies;

    @Inject
    FullPass fullPass;

    @Inject
    Certificates certificates;

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyUsage keyUsage;

    @Inject
    Quarantine quarantine;

    @Inject
    KeyRings keyRings;

    @Inject
    VersionKeys versionKeys;

    void advance(Destructions.Row row) {
        Approvals.Row approval = approvals.get(row.approvalId());
        String unwanted = unwanted(approval);
        if (unwanted != null && BEFORE_THE_END.contains(row.state())) {
            end(row, DestructionState.CANCELLED, unwanted);
            return;
        }
        switch (DestructionState.valueOf(row.state())) {
            case REQUESTED -> begin(row, approval);
            case PASSING -> pass(row, PolicyLedger.isStanding(approval));
            case WAITING -> deleteMaterial(row, approval);
            case MATERIAL_GONE -> awaitStandbys(row);
            case REPLAYED -> deleteRootKey(row);
            case ROOT_KEY_GONE -> certify(row, approval);
            case DESTROYED, CANCELLED, FAILED -> {}
        }
    }

    private @Nullable String unwanted(Approvals.Row approval) {
        String state = ApprovalLedger.state(approval);
        if (!List.of("REQUESTED", "APPROVED").contains(state)) {
            return "The approval is " + state;
        }
        boolean replaced = PolicyLedger.isStanding(approval) && policies.isReplaced(approval.id());
        return replaced ? "Another policy has come into effect" : null;
    }

    /** The version goes back to what it was. */
    private void end(Destructions.Row row, DestructionState state, String reason) {
        boolean alone = state == DestructionState.FAILED && !PolicyLedger.isStanding(approvals.get(row.approvalId()));
        transactions.run(() -> {
            if (alone) {
                approvals.holdApproved(row.approvalId()); // first, as where it is carried out
            }
            if (destructions.end(row.id(), BEFORE_THE_END, state.name(), reason, DestructionLedger.now())) {
                note(row, state);
                destructions.giveVersionBack(row.version());
                if (alone) {
                    approvals.giveUp(row.approvalId());
                }
            }
        });
        LOG.log(
                System.Logger.Level.WARNING,
                "Destruction of key version {0}: {1}; GET /keys/{0}/destruction says why",
                Integer.toString(row.version()),
                state);
    }

    private KeyVersions.Row version(int version) {
        return keyVersions.all().stream()
                .filter(row -> row.version() == version)
                .findFirst()
                .orElseThrow();
    }

    private void begin(Destructions.Row row, Approvals.Row approval) {
        if (!approval.state().equals("APPROVED")) {
            return;
        }
        transactions.run(() -> {
            if (move(row, DestructionState.REQUESTED, DestructionState.PASSING)
                    && !destructions.moveVersion(
                            row.version(),
                            List.of("DEACTIVATED", "COMPROMISED"),
                            "DESTROYING",
                            DestructionLedger.now())) {
                throw new TryAgainException("Key version " + row.version() + " is neither left nor compromised");
            }
        });
    }

    private boolean move(Destructions.Row row, DestructionState from, DestructionState to) {
        boolean moved = destructions.move(row.id(), from.name(), to.name());
        if (moved) {
            note(row, to);
        }
        return moved;
    }

    private static void note(Destructions.Row row, DestructionState state) {
        AuditContext.note("destruction", "key version " + row.version() + " " + state);
    }

    /** Under a standing policy a row that does not open is counted, and waited for later: it must not stop the epoch. */
    private void pass(Destructions.Row row, boolean standing) {
        Instant until = Instant.now().plus(PASS_SLICE);
        UUID reached = row.reachedId();
        while (Instant.now().isBefore(until)) {
            FullPass.@Nullable Page page = fullPass.page(reached);
            if (page == null) {
                endPass(row, reached);
                return;
            }
            if (!page.refused().isEmpty() && !standing) {
                end(
                        row,
                        DestructionState.FAILED,
                        page.refused().size() + " subjects have rows that do not open, the first of them "
                                + page.refused().get(0) + ": a rotation says why, repair or release them");
                return;
            }
            if (!passed(row, reached, page)) {
                return;
            }
            reached = page.reached();
        }
    }

    private void endPass(Destructions.Row row, @Nullable UUID reached) {
        transactions.run(() -> {
            if (destructions.passEnded(row.id(), reached, DestructionLedger.now())) {
                note(row, DestructionState.WAITING);
            }
        });
    }

    private boolean passed(Destructions.Row row, @Nullable UUID from, FullPass.Page page) {
        return transactions.call(() -> {
            var found = new Destructions.Found(page.subjects(), page.templates(), page.refused(), unlisted(row, page));
            boolean passed = destructions.passed(row.id(), from, page.reached(), found);
            if (passed) {
                AuditContext.note("fullPass", "key version " + row.version() + ", " + page.subjects() + " subjects");
            }
            return passed;
        });
    }

    /** Of what did not open, whom no rotation had put into quarantine by the time at which the version was left. */
    private List<UUID> unlisted(Destructions.Row row, FullPass.Page page) {
        if (page.refused().isEmpty()) {
            return List.of();
        }
        Instant drained = keyUsage.left(row.version()).drainedAt();
        Set<UUID> listed = quarantine.listedBy(page.refused(), drained == null ? row.requestedAt() : drained);
        return page.refused().stream().filter(id -> !listed.contains(id)).toList();
    }

    /** What locks rows comes last: the certificate counts every row. */
    private boolean certifyNow(Destructions.Row row, Approvals.Row approval) {
        Instant now = clock.now();
        certificates.certify(version(row.version()), row, approval, now);
        boolean ended = destructions.end(
                        row.id(),
                        List.of(DestructionState.ROOT_KEY_GONE.name()),
                        DestructionState.DESTROYED.name(),
                        null,
                        now)
                && destructions.moveVersion(row.version(), List.of("DESTROYING"), "DESTROYED", now);
        if (!ended) {
            throw new TryAgainException("The destruction of key version " + row.version() + " has ended meanwhile");
        }
        note(row, DestructionState.DESTROYED);
        return true;
    }

    /** Whether a row needs the version is looked at last, and then by the foreign keys: it is a look at every row. */
    private void deleteMaterial(Destructions.Row row, Approvals.Row approval) {
        if (!ledger.preconditions(row, approval).isEmpty()) {
            return;
        }
        // Where it is gone for good, nothing could take the root key away: until here the destruction can be taken
        // back.
        versionKeys.requireKeyStore(version(row.version()));
        KeyUsage.Usage usage = transactions.patiently(() -> transactions.read(() -> keyUsage.of(row.version())));
        if (usage.isUsed()) {
            end(row, DestructionState.FAILED, "It is in use again: " + usage);
            return;
        }
        transactions.patiently(() -> transactions.call(() -> deleteMaterialNow(row, approval)));
        keyRings.refresh();
    }

    /** The look before it may have taken long: the approval may have ended meanwhile. */
    private boolean deleteMaterialNow(Destructions.Row row, Approvals.Row approval) {
        boolean moved = approvals.holdApproved(approval.id())
                && unwanted(approval) == null
                && move(row, DestructionState.WAITING, DestructionState.MATERIAL_GONE);
        if (moved) {
            destructions.deleteMaterial(row.version());
            if (!PolicyLedger.isStanding(approval)) {
                approvals.carriedOut(approval.id());
            }
        }
        return moved;
    }

    private void awaitStandbys(Destructions.Row row) {
        transactions.run(() -> {
            AuditContext.note("destruction", "key version " + row.version() + " is gone from the database");
            destructions.noteLogPosition(row.id());
        });
        String lsn = row.goneAtLsn();
        if (lsn != null && ledger.behind(lsn).isEmpty()) {
            transactions.run(() -> move(row, DestructionState.MATERIAL_GONE, DestructionState.REPLAYED));
        }
    }

    /** Whether it was there is durable before it is deleted: done again after a crash, it would not be found. */
    private void deleteRootKey(Destructions.Row row) {
        KeyVersions.Row version = version(row.version());
        transactions.run(() -> {
            AuditContext.note("rootKey", version.rootKeyAlias());
            destructions.noteRootKey(row.id(), versionKeys.hasRootKey(version));
        });
        transactions.run(() -> {
            if (move(row, DestructionState.REPLAYED, DestructionState.ROOT_KEY_GONE)) {
                versionKeys.deleteRootKey(version);
            }
        });
    }

    private void certify(Destructions.Row row, Approvals.Row approval) {
        if (!ledger.holders(row.version()).isEmpty()) {
            return;
        }
        transactions.patiently(() -> transactions.call(() -> certifyNow(row, approval)));
        LOG.log(System.Logger.Level.INFO, "Key version {0} is destroyed", row.version());
    }
}
