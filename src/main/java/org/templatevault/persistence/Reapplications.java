package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How far the walk is that erases again whom a restored database has brought back. */
@ApplicationScoped
public class Reapplications {
    /**
     * A walk over all subjects.
     *
     * @param imported records that were new to this database
     * @param reachedId the last subject that was looked at; null at the start and at the end
     */
    public record Row(
            UUID id,
            String state,
            long imported,
            @Nullable UUID reachedId,
            long subjects,
            long erased,
            String reason,
            String requestedBy,
            Instant requestedAt,
            @Nullable Instant endedAt) {}

    @Inject
    Sql sql;

    /** The present walk, or the last one. */
    public Optional<Row> find() {
        return sql.first(
                "select * from vault.reapplication",
                row -> new Row(
                        Sql.uuid(row, "id"),
                        row.getString("state"),
                        row.getLong("imported"),
                        row.getObject("reached_id", UUID.class),
                        row.getLong("subjects"),
                        row.getLong("erased"),
                        row.getString("reason"),
                        row.getString("requested_by"),
                        Sql.instant(row, "requested_at"),
                        Sql.instantOrNull(row, "ended_at")));
    }

    /** Begins a walk from the first subject; one that is under way begins anew and keeps its counts. */
    public void begin(UUID id, long imported, String reason, String caller, Instant now) {
        sql.update(
                "insert into vault.reapplication as r (id, state, imported, subjects, erased, reason, requested_by,"
                        + " requested_at) values (?, 'WALKING', ?, 0, 0, ?, ?, ?) on conflict (one) do update set"
                        + " id = excluded.id, state = 'WALKING', reached_id = null, subjects = 0,"
                        + " imported = case when r.state = 'WALKING' then r.imported else 0 end + excluded.imported,"
                        + " erased = case when r.state = 'WALKING' then r.erased else 0 end,"
                        + " reason = excluded.reason, requested_by = excluded.requested_by,"
                        + " requested_at = excluded.requested_at, ended_at = null",
                id,
                imported,
                reason,
                caller,
                now);
    }

    /** Records how far the walk is, unless another has begun meanwhile. */
    public void reached(UUID id, UUID subject, long subjects, long erased) {
        sql.update(
                "update vault.reapplication set reached_id = ?, subjects = subjects + ?, erased = erased + ?"
                        + " where id = ? and state = 'WALKING'",
                subject,
                subjects,
                erased,
                id);
    }

    /** Ends the walk; false where another has begun meanwhile. */
    public boolean ended(UUID id, Instant now) {
        return sql.update(
                        "update vault.reapplication set state = 'DONE', reached_id = null, ended_at = ?"
                                + " where id = ? and state = 'WALKING'",
                        now,
                        id)
                == 1;
    }
}
