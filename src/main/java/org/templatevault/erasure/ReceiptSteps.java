package org.templatevault.erasure;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.ErasureVacuum;
import org.templatevault.persistence.Transactions;

/**
 * Records what became true of erasures. Each step is a statement that changes only what it is first true of, some at a
 * time, so it can be done again by any node, after any crash.
 */
@ApplicationScoped
class ReceiptSteps {
    private static final System.Logger LOG = System.getLogger(ReceiptSteps.class.getName());
    private static final Duration BETWEEN_LATE_STEPS = Duration.ofSeconds(5);
    private static final Duration AFTER_A_FAILED_VACUUM = Duration.ofSeconds(30);

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    ErasureRounds rounds;

    @Inject
    ErasureVacuum vacuum;

    @Inject
    Destructions destructions;

    private boolean adapted;
    private String facts = "";
    private Instant nextLateSteps = Instant.EPOCH;
    private Instant nextTry = Instant.EPOCH;

    void look() {
        if (!adapted) {
            record("adaptedToThisDatabase", rounds::adaptPositions);
            record("adaptedToThisDatabase", rounds::adaptIds);
            adapted = true;
        }
        record("vacuumedInPart", () -> rounds.takeBackVacuumsOfFewer(vacuum.tables()));
        record("evicted", rounds::evict);
        boolean due = !Instant.now().isBefore(nextLateSteps);
        try {
            due |= vacuumWhenDue();
        } finally {
            if (due) {
                nextLateSteps = Instant.now().plus(BETWEEN_LATE_STEPS);
                lateSteps();
            }
        }
    }

    /** When the next vacuum may begin; the present while one is overdue. */
    Instant nextVacuum() {
        Duration between = Duration.ofMinutes(settings.erasureVacuumMinutes());
        Instant due = transactions
                .read(rounds::lastVacuum)
                .map(last -> last.plus(between))
                .orElse(Instant.EPOCH);
        return due.isBefore(Instant.now()) ? Instant.now() : due;
    }

    /**
     * Only what the horizon had passed before the vacuum began is recorded, and only if no standby or snapshot has taken
     * the horizon back meanwhile.
     */
    private boolean vacuumWhenDue() {
        long horizon = transactions.read(vacuum::horizon);
        boolean waits = transactions.read(() -> rounds.waitForVacuum(horizon));
        if (!waits || isTooEarly() || !transactions.read(vacuum::isAllowed)) {
            return false;
        }
        try {
            vacuumNow(horizon);
        } catch (RuntimeException failed) {
            nextTry = Instant.now().plus(AFTER_A_FAILED_VACUUM);
            throw failed;
        }
        return true;
    }

    private boolean isTooEarly() {
        return nextTry.isAfter(Instant.now()) || nextVacuum().isAfter(Instant.now());
    }

    private void vacuumNow(long horizon) {
        record("namesForgotten", destructions::forgetErased);
        vacuum.run();
        long after = transactions.read(vacuum::horizon);
        record("vacuumed", () -> rounds.vacuumed(Math.min(horizon, after), vacuum.tables()));
        LOG.log(System.Logger.Level.INFO, "Erased rows are vacuumed");
    }

    /** The trail has how many erasures came to a step, some at a time; their receipts say which. */
    private void record(String step, IntSupplier slice) {
        int changed;
        do {
            changed = transactions.call(() -> {
                int erasures = slice.getAsInt();
                if (erasures > 0) {
                    AuditContext.note(step, erasures + " erasures");
                }
                return erasures;
            });
        } while (changed == ErasureRounds.SLICE);
    }

    private void lateSteps() {
        List<String> positions = transactions.read(rounds::positionsToReplay);
        String present = transactions.read(rounds::facts);
        if (present.equals(facts) && positions.isEmpty()) {
            return;
        }
        record("cryptographic", rounds::cryptographic);
        for (String lsn : positions) {
            if (transactions.read(() -> destructions.standbysBehind(lsn)).isEmpty()) {
                record("physical", () -> rounds.physical(lsn));
            }
        }
        facts = present; // not those of now: what came to be true meanwhile is looked at the next time
    }

    /** Why no vacuum can be proven; null where the application may vacuum. */
    @Nullable String vacuumObstacle() {
        return transactions.read(vacuum::isAllowed)
                ? null
                : "the right to vacuum: PostgreSQL 17 or newer, and the grants of the schema's migration";
    }
}
