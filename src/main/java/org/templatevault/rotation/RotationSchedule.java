package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.job.Pace;
import org.templatevault.keyring.WrapBudget;
import org.templatevault.persistence.DatabaseIdentity;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.Schedules;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.WrapCounts;

/** Asks for a rotation when the active version is old, has wrapped often, or stands in another database. */
@ApplicationScoped
public class RotationSchedule {
    /** The schedule's name. */
    public static final String NAME = "rotation";

    private static final String BY_SCHEDULE = "vault: schedule";
    /** A new version begins with one reserved block. */
    private static final long LEAST_WRAPS = 4 * WrapBudget.BLOCK;

    private static final Duration AFTER_A_CANCELLATION = Duration.ofHours(1);
    private static final Duration LEAST_AGE = Duration.ofSeconds(1);
    private static final Duration MOST_AGE = Duration.ofDays(3660);
    private static final Schedules.Row OFF =
            new Schedules.Row(NAME, false, null, null, "reencrypt", null, "nobody", Instant.EPOCH);

    /**
     * The schedule and when it is next due.
     *
     * @param nextDueAt null while it is off or has no age; the present where its wraps are used up
     */
    public record Report(Schedules.Row row, @Nullable Instant nextDueAt, long wraps) {}

    @Inject
    Transactions transactions;

    @Inject
    Schedules schedules;

    @Inject
    KeyVersions keyVersions;

    @Inject
    WrapCounts wrapCounts;

    @Inject
    SubjectCounts subjectCounts;

    @Inject
    DatabaseIdentity identity;

    @Inject
    Rotations rotations;

    @Inject
    RotationLedger ledger;

    /**
     * A rotation whose version was not made yet in a database.
     *
     * @param rotation its id
     */
    private record Begun(UUID rotation, DatabaseIdentity.Identity in) {}

    private volatile @Nullable Begun begun;

    /** The schedule as it is. */
    public Report report() {
        return transactions.read(() -> report(schedules.find(NAME).orElse(OFF)));
    }

    /**
     * Sets the schedule.
     *
     * @throws VaultException naming the field that is wrong
     */
    public Report put(Schedules.Row row) {
        if (!Set.of("reencrypt", "rewrap").contains(row.mode())) {
            throw invalid("mode", "reencrypt or rewrap");
        }
        Duration age = row.maxAge();
        if (age != null && (age.compareTo(LEAST_AGE) < 0 || age.compareTo(MOST_AGE) > 0)) {
            throw invalid("maxAge", "a second to 3660 days, such as P90D");
        }
        Long wraps = row.maxWraps();
        if (wraps != null && (wraps < LEAST_WRAPS || wraps > WrapBudget.SOFT_LIMIT)) {
            throw invalid("maxWraps", LEAST_WRAPS + " to " + WrapBudget.SOFT_LIMIT);
        }
        Pace.requireRate(row.rate());
        if (row.enabled() && age == null && wraps == null) {
            throw invalid("maxAge", "an enabled schedule has maxAge, maxWraps or both");
        }
        transactions.run(() -> schedules.put(row));
        return report();
    }

    private static VaultException invalid(String field, String rule) {
        return new VaultException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field, null);
    }

    private Report report(Schedules.Row row) {
        KeyVersions.Row active = active();
        long wraps = wrapCounts.byVersion().getOrDefault(active.version(), 0L);
        return new Report(row, row.enabled() ? due(row, active, wraps) : null, wraps);
    }

    /**
     * The rotation that made a version has taken a wrap under it for each subject: a limit that this alone reaches would
     * have one begin when the one before it ends, for ever. So those do not count.
     */
    private boolean isUsedUp(long most, KeyVersions.Row active, long wraps) {
        return wraps >= most && wraps - subjectCounts.movedIn(active.version()) >= most;
    }

    private @Nullable Instant due(Schedules.Row row, KeyVersions.Row active, long wraps) {
        Instant activated = Optional.ofNullable(active.activatedAt()).orElse(active.createdAt());
        Instant byAge = row.maxAge() == null ? null : activated.plus(row.maxAge());
        long most = row.maxWraps() == null ? WrapBudget.SOFT_LIMIT : row.maxWraps();
        return isUsedUp(most, active, wraps) ? Instant.now() : byAge;
    }

    private KeyVersions.Row active() {
        return keyVersions.all().stream()
                .filter(row -> row.state().equals("ACTIVE"))
                .max(Comparator.comparingInt(KeyVersions.Row::version))
                .orElseThrow();
    }

    /** Looks whether a rotation is due and asks for it; on the one node that looks after rotations. */
    void look() {
        DatabaseIdentity.Identity present = transactions.read(identity::present);
        Optional<DatabaseIdentity.Identity> counted = transactions.read(identity::counted);
        if (counted.isEmpty()) {
            transactions.run(() -> {
                AuditContext.note("database", "counted from here on");
                identity.record(present);
            });
        } else if (!counted.get().equals(present)) {
            leaveAnotherDatabase(present);
        } else {
            askWhenDue();
        }
    }

    /**
     * The count of wraps may be short of what was wrapped after the backup or by the old primary: nothing more is wrapped
     * under that version, and another is made at once.
     */
    private void leaveAnotherDatabase(DatabaseIdentity.Identity present) {
        UUID open = ledger.replaceOpen(
                row -> makesAVersionIn(present, row), new RotationRequest("rewrap", "scheduled", null, null, null));
        begun = new Begun(open, present);
    }

    /**
     * The version of any other may have been made, and have wrapped, in the database that was left; that of one which has
     * begun to move subjects has, since its activation records the database. Another node does not know what this one saw:
     * then there is one version more.
     */
    private boolean makesAVersionIn(DatabaseIdentity.Identity present, Rotations.Row open) {
        boolean madeHere = new Begun(open.id(), present).equals(begun) && open.startedAt() == null;
        return open.state().equals(RotationState.REQUESTED.name()) || madeHere;
    }

    /** One that was taken back is not asked for again at once: who may take it back may not switch the schedule off. */
    private boolean mayAsk(Schedules.Row row) {
        Instant lately = Instant.now().minus(AFTER_A_CANCELLATION);
        return rotations.open().isEmpty()
                && rotations
                        .lastCancelled("scheduled")
                        .filter(at -> at.isAfter(lately) && at.isAfter(row.updatedAt()))
                        .isEmpty();
    }

    private void askWhenDue() {
        Report report = report();
        boolean due = report.nextDueAt() != null && !report.nextDueAt().isAfter(Instant.now());
        if (due && transactions.read(() -> mayAsk(report.row()))) {
            Schedules.Row row = report.row();
            ledger.request(new RotationRequest(row.mode(), "scheduled", null, null, row.rate()), BY_SCHEDULE, null);
        }
    }
}
