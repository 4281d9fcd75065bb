package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Legal holds. Who sets one first locks the subject's row in {@link SubjectKeys}; who erases takes that row and then asks
 * here, by a statement of its own: one of the two waits for the other and sees what it did.
 */
@ApplicationScoped
public class Holds {
    /** A hold, lifted or not. */
    public record Row(
            UUID subjectId,
            UUID id,
            String reason,
            String setBy,
            Instant setAt,
            @Nullable String liftReason,
            @Nullable String liftedBy,
            @Nullable Instant liftedAt) {
        /** Whether it still stops an erasure. */
        public boolean isActive() {
            return liftedAt == null;
        }
    }

    @Inject
    Sql sql;

    /** Sets a hold; the caller's transaction holds the subject's row. */
    public void insert(UUID subject, UUID id, String reason, String caller, Instant now) {
        sql.update(
                "insert into vault.subject_hold (subject_id, id, reason, set_by, set_at) values (?, ?, ?, ?, ?)",
                subject,
                id,
                reason,
                caller,
                now);
    }

    /** Lifts the hold of a subject; false if there is none. */
    public boolean lift(UUID subject, String reason, String caller, Instant now) {
        return sql.update(
                        "update vault.subject_hold set lift_reason = ?, lifted_by = ?, lifted_at = ?"
                                + " where subject_id = ? and lifted_at is null",
                        reason,
                        caller,
                        now,
                        subject)
                == 1;
    }

    /** The holds of a subject, the newest first. */
    public List<Row> of(UUID subject) {
        return sql.query(
                "select * from vault.subject_hold where subject_id = ? order by set_at desc, id desc",
                Holds::read,
                subject);
    }

    /** The holds in force, after one subject, in the order of the subjects' ids. */
    public List<Row> inForce(UUID after, int limit) {
        return sql.query(
                "select * from vault.subject_hold where subject_id > ? and lifted_at is null order by subject_id limit ?",
                Holds::read,
                after,
                limit);
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "subject_id"),
                Sql.uuid(row, "id"),
                row.getString("reason"),
                row.getString("set_by"),
                Sql.instant(row, "set_at"),
                row.getString("lift_reason"),
                row.getString("lifted_by"),
                Sql.instantOrNull(row, "lifted_at"));
    }

    /** Which of these subjects are under a hold. */
    public Set<UUID> among(List<UUID> subjects) {
        return Set.copyOf(sql.query(
                "select subject_id from vault.subject_hold where subject_id = any(?) and lifted_at is null",
                row -> Sql.uuid(row, "subject_id"),
                new UuidArray(subjects)));
    }
}
