package org.templatevault.retention;

import java.time.LocalDate;
import java.time.Period;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Policies.Terms;

/** Whether something would be erased earlier than before. */
final class Shortening {
    /** The Gregorian calendar repeats itself after 400 years. */
    private static final LocalDate FROM = LocalDate.of(2000, 1, 1);

    private static final LocalDate TO = LocalDate.of(2400, 1, 1);

    private Shortening() {}

    /** @param versionsKept as many as are kept where a policy does not say */
    static boolean of(Terms before, Terms after, int versionsKept) {
        return isShorter(before.maxAge(), after.maxAge())
                || isShorter(before.maxIdle(), after.maxIdle())
                || kept(after, versionsKept) < kept(before, versionsKept);
    }

    private static int kept(Terms terms, int versionsKept) {
        return terms.versionsKept() == null ? versionsKept : Math.min(terms.versionsKept(), versionsKept);
    }

    /** On any day: P1095D is shorter than P3Y in three years that have a 29th of February. */
    private static boolean isShorter(@Nullable Period before, @Nullable Period after) {
        if (after == null || after.equals(before)) {
            return false;
        }
        return before == null
                || FROM.datesUntil(TO).anyMatch(day -> day.plus(after).isBefore(day.plus(before)));
    }
}
