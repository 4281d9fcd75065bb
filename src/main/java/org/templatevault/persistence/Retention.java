package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which policy a subject has and when the person was last there. A day is a day in UTC by the database's clock; a day that
 * was reached is never taken back, so a clock that is set back moves nothing.
 */
@ApplicationScoped
public class Retention {
    /**
     * What is known of one subject.
     *
     * @param dueOn from which day on the subject is to be erased; null for never
     */
    public record Row(
            String policy,
            LocalDate enrolledOn,
            LocalDate lastInteractionOn,
            @Nullable LocalDate dueOn) {}

    static final String TODAY = "(now() at time zone 'UTC')::date";
    /** Rows of {@code subject_retention r} with the version in force of their policy, {@code p}. */
    static final String WITH_POLICY = "vault.policy_in_force p on p.name = r.policy";
    /** A day that lies before the version came into force does not count: from then on the job may have known. */
    static final String DUE_ON = "greatest(coalesce(least((r.enrolled_on + p.max_age::interval)::date,"
            + " (r.last_interaction_on + p.max_idle::interval)::date), 'infinity'::date),"
            + " (p.in_force_at at time zone 'UTC')::date)";

    @Inject
    Sql sql;

    /** What is known of this subject. */
    public Optional<Row> find(UUID subject) {
        return sql.first(
                "select r.*, nullif(" + DUE_ON + ", 'infinity') as due_on from vault.subject_retention r left join "
                        + WITH_POLICY + " where r.subject_id = ?",
                row -> new Row(
                        row.getString("policy"),
                        row.getObject("enrolled_on", LocalDate.class),
                        row.getObject("last_interaction_on", LocalDate.class),
                        row.getObject("due_on", LocalDate.class)),
                subject);
    }

    /** Gives the subject another policy; false if there is no such subject. */
    public boolean assign(UUID subject, String policy) {
        return sql.update("update vault.subject_retention set policy = ? where subject_id = ?", policy, subject) == 1;
    }

    /**
     * Notes that these persons were there today.
     *
     * @return how many were not known to have been there today; the others' rows are not written
     */
    public int interacted(Collection<UUID> subjects) {
        return sql.update(
                "update vault.subject_retention r set last_interaction_on = " + TODAY
                        + " from (select * from unnest(?) as u(id) order by id) u"
                        + " where r.subject_id = u.id and r.last_interaction_on < " + TODAY,
                new UuidArray(subjects.stream().sorted().toList()));
    }

    /**
     * Takes away the rows of those who are still due by this day, as they are now: an interaction that committed keeps its
     * subject, and a later one finds no row.
     */
    public Set<UUID> takeDue(List<UUID> subjects, LocalDate dueBy) {
        return Set.copyOf(sql.query(
                "delete from vault.subject_retention r using vault.policy_in_force p where p.name = r.policy and "
                        + DUE_ON + " <= ? and r.subject_id = any(?) returning r.subject_id",
                row -> Sql.uuid(row, "subject_id"),
                dueBy,
                new UuidArray(subjects)));
    }

    /** Takes away all that is kept of an erased subject here. */
    public void forget(UUID subject) {
        sql.update(
                "with retained as (delete from vault.subject_retention where subject_id = ?),"
                        + " held as (delete from vault.subject_hold where subject_id = ?)"
                        + " delete from vault.bulk_erasure_item where subject_id = ?",
                subject,
                subject,
                subject);
    }

    /** How many subjects are past their day by more than a day and not under a hold. */
    public long overdue() {
        return sql.first(
                        "select count(*) from vault.subject_retention r join " + WITH_POLICY + " where " + DUE_ON
                                + " < " + TODAY + " - 1 and not exists (select 1 from vault.subject_hold h"
                                + " where h.subject_id = r.subject_id and h.lifted_at is null)",
                        row -> row.getLong(1))
                .orElseThrow();
    }

    /** Today, by the database's clock. */
    public LocalDate today() {
        return sql.first("select " + TODAY + " as today", row -> row.getObject("today", LocalDate.class))
                .orElseThrow();
    }
}
