package org.templatevault.retention;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.LocalDate;
import org.templatevault.job.Pace;
import org.templatevault.persistence.BulkErasures;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.Schedules;
import org.templatevault.persistence.Transactions;

/**
 * Asks once a day for the erasure of those whose time is over. It is on until somebody switches it off: that is what the
 * published policies promise.
 */
@ApplicationScoped
public class RetentionSchedule {
    /** The schedule's name. */
    public static final String NAME = "retention";
    /** The reason in the receipts of those whose time was over. */
    public static final String REASON = "retention";

    private static final String REQUESTER = "vault: retention";
    private static final Schedules.Switch ON =
            new Schedules.Switch(NAME, true, null, "vault: default", java.time.Instant.EPOCH);

    /** The schedule and when it asks next. */
    public record Report(Schedules.Switch row, LocalDate nextOn) {}

    @Inject
    Transactions transactions;

    @Inject
    Schedules schedules;

    @Inject
    Retention retention;

    @Inject
    BulkErasures erasures;

    @Inject
    BulkErasureLedger ledger;

    /** The schedule as it is. */
    public Report report() {
        return transactions.read(() -> {
            LocalDate today = retention.today();
            boolean asked = erasures.wasAskedSince(REQUESTER, today);
            return new Report(schedules.findSwitch(NAME).orElse(ON), asked ? today.plusDays(1) : today);
        });
    }

    /** Switches it on or off, and sets the rate of its erasures. */
    public Report put(Schedules.Switch row) {
        Pace.requireRate(row.rate());
        transactions.run(() -> schedules.put(row));
        return report();
    }

    /** Asks if nobody has today. In a large vault the search takes minutes. */
    void look() {
        Report report = report();
        if (report.row().enabled() && !report.nextOn().isAfter(transactions.read(retention::today))) {
            transactions.patiently(() -> {
                ledger.requestDue(REASON, report.row().rate(), REQUESTER);
                return Boolean.TRUE;
            });
        }
    }
}
