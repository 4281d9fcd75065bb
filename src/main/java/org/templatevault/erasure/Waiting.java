package org.templatevault.erasure;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.templatevault.destruction.PolicyLedger;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.persistence.Transactions;

/** Says what the steps of an erasure that are not true yet wait for, and when they are expected. */
@ApplicationScoped
class Waiting {
    private static final String WALK = "the end of the walk that erases again after a restore";
    private static final String REFUSED =
            "a new walk after the restore (POST /erasures:reapply): the database has refused"
                    + " to erase the subject again";

    /** What is waited for, in words; {@code expected} is null where nobody can tell. */
    record Answer(List<String> causes, @Nullable Instant expected) {}

    @Inject
    Transactions transactions;

    @Inject
    ErasureRounds rounds;

    @Inject
    Nodes nodes;

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyUsage keyUsage;

    @Inject
    PolicyLedger policies;

    @Inject
    Destructions destructions;

    @Inject
    ReceiptSteps steps;

    Answer forEviction(ErasureRounds.Row round) {
        if (round.mayBeThere()) {
            return new Answer(List.of(back(round)), null);
        }
        List<String> causes = transactions.read(() -> nodes.notCleared(round.goneXid())).stream()
                .map(name -> "the node " + name + " to end what it had begun before")
                .toList();
        return new Answer(
                causes, Instant.now().plusSeconds(Nodes.SILENT_SECONDS).truncatedTo(ChronoUnit.SECONDS));
    }

    Answer forKeys(ErasureRounds.Row round) {
        Progress progress = new Progress();
        if (round.mayBeThere()) {
            progress.add(back(round), null);
        }
        Optional<StandingPolicies.Row> policy = policies.inEffect();
        List<Integer> living =
                transactions.read(() -> rounds.livingVersions(round.firstKekVersion(), round.lastKekVersion()));
        for (KeyVersions.Row version : transactions.read(keyVersions::all)) {
            if (living.contains(version.version())) {
                progress.add(
                        "the destruction of key version " + version.version() + ", which is " + version.state()
                                + (policy.isEmpty() ? "; no standing policy is in effect" : ""),
                        policy.map(row -> destroyed(version, row)).orElse(null));
            }
        }
        if (round.unknownVersion()) {
            progress.add(
                    "key versions that this copy of the database does not know: the original's receipt tells", null);
        }
        progress.add(transactions.read(() -> rounds.keyStoreCopies(round.firstKekVersion(), round.lastKekVersion())));
        return progress.answer();
    }

    /** As far as it can be told: nothing is in quarantine, and backups come in time. */
    private Instant destroyed(KeyVersions.Row version, StandingPolicies.Row policy) {
        Instant left;
        if (version.deactivatedAt() == null) {
            Instant activated = Optional.ofNullable(version.activatedAt()).orElse(version.createdAt());
            left = activated.plus(policy.interval());
        } else {
            Instant drained =
                    transactions.read(() -> keyUsage.left(version.version())).drainedAt();
            left = drained == null ? version.deactivatedAt() : drained;
        }
        return left.plus(policy.delay());
    }

    Answer forRows(ErasureRounds.Row round) {
        Progress progress = new Progress();
        if (round.mayBeThere()) {
            progress.add(back(round), null);
        } else if (round.vacuumedAt() == null) {
            String obstacle = steps.vacuumObstacle();
            progress.add(
                    obstacle == null ? "a vacuum that begins when no older transaction runs" : obstacle,
                    obstacle == null ? steps.nextVacuum() : null);
        }
        progress.add(transactions.read(() -> rounds.databaseCopies(round.erasureId(), round.round())));
        String lsn = round.vacuumedAtLsn();
        if (progress.causes.isEmpty() && lsn != null) {
            transactions
                    .read(() -> destructions.standbysBehind(lsn))
                    .forEach(name -> progress.add(name + " to replay the vacuum", null));
        }
        return progress.answer();
    }

    private static String back(ErasureRounds.Row round) {
        return round.isRefused() ? REFUSED : WALK;
    }

    /** Collects causes; the last of their times is the expected one. */
    private static final class Progress {
        private final List<String> causes = new ArrayList<>();
        private Instant latest = Instant.now();
        private boolean known = true;

        void add(String cause, @Nullable Instant expected) {
            causes.add(cause);
            known &= expected != null;
            latest = expected != null && expected.isAfter(latest) ? expected : latest;
        }

        /** Those that are not named expire no later than those that are. */
        void add(ErasureRounds.Holding copies) {
            copies.longest().forEach(this::add);
            int named = copies.longest().size();
            if (copies.all() > named) {
                Instant last = copies.longest().get(0).expiresAt();
                add("and " + (copies.all() - named) + " more copies to expire or to be destroyed", last);
            }
        }

        private void add(Copies.Row copy) {
            add("the copy " + copy.id() + " (" + copy.kind() + ") to expire or to be destroyed", copy.expiresAt());
        }

        Answer answer() {
            if (causes.isEmpty()) {
                return new Answer(List.of("the next look, within seconds"), latest.truncatedTo(ChronoUnit.SECONDS));
            }
            return new Answer(causes, known ? latest.truncatedTo(ChronoUnit.SECONDS) : null);
        }
    }
}
