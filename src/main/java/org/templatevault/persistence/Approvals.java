package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one person asked for and another has to approve. The database refuses one person for both, too. Time is the
 * database's: what was approved is carried out by any node, and no node's clock may end a waiting time.
 */
@ApplicationScoped
public class Approvals {
    /**
     * A request and what became of it.
     *
     * @param subject what it is about, such as a key version's number or a row's id
     * @param request in words, all that will happen
     * @param requestHash SHA-256 of kind, subject and request
     * @param notBefore when it may be carried out; null until it is approved
     * @param due whether that time has come
     * @param expired whether it was not carried out in time
     */
    public record Row(
            UUID id,
            String kind,
            String subject,
            String request,
            Bytes requestHash,
            String state,
            String requestedBy,
            Instant requestedAt,
            @Nullable String decidedBy,
            @Nullable Instant decidedAt,
            @Nullable Instant notBefore,
            Instant expiresAt,
            boolean due,
            boolean expired) {}

    /**
     * A place in the list, as it was when it was read: what is decided since must not hide what comes after it.
     *
     * @param waits 2 for a decision, 1 to be carried out, 0 for nothing
     */
    public record Place(int waits, UUID id) {
        /** The place of a request. */
        public static Place of(Row row) {
            boolean open = !row.expired;
            return new Place(
                    open && row.state.equals("REQUESTED") ? 2 : open && row.state.equals("APPROVED") ? 1 : 0, row.id);
        }
    }

    private static final String ROW = "*, not_before is not null and not_before <= clock_timestamp() as due,"
            + " state in ('REQUESTED', 'APPROVED') and expires_at <= clock_timestamp() as expired";

    private static final String SELECT = "select " + ROW + " from vault.approval ";

    @Inject
    Sql sql;

    /**
     * Records a request.
     *
     * @param expiresAt when it ends, approved or not; null for after {@code lifetime}
     */
    public Row insert(
            UUID id,
            String kind,
            String subject,
            String request,
            Bytes requestHash,
            String caller,
            @Nullable Instant expiresAt,
            Duration lifetime) {
        return sql.first(
                        "insert into vault.approval (id, kind, subject, request, request_hash, state, requested_by,"
                                + " requested_at, expires_at) values (?, ?, ?, ?, ?, 'REQUESTED', ?, clock_timestamp(),"
                                + " coalesce(?::timestamptz, clock_timestamp() + ? * interval '1 millisecond'))"
                                + " returning " + ROW,
                        Approvals::read,
                        id,
                        kind,
                        subject,
                        request,
                        requestHash,
                        caller,
                        expiresAt,
                        lifetime.toMillis())
                .orElseThrow();
    }

    /** One request. */
    public Optional<Row> find(UUID id) {
        return sql.first(SELECT + "where id = ?", Approvals::read, id);
    }

    /**
     * Requests: those that wait for a decision first, then those that wait to be carried out, then the others, of each the
     * newest first.
     *
     * @param after the place of the last one of the page before; null for the first page
     */
    public List<Row> newest(@Nullable Place after, int limit) {
        return sql.query(
                "select " + ROW + " from (select *, case when expires_at <= clock_timestamp() then 0"
                        + " when state = 'REQUESTED' then 2 when state = 'APPROVED' then 1 else 0 end as waits"
                        + " from vault.approval) a where ?::int is null or (waits, requested_at, id) <"
                        + " (?, (select l.requested_at from vault.approval l where l.id = ?), ?)"
                        + " order by waits desc, requested_at desc, id desc limit ?",
                Approvals::read,
                after == null ? null : after.waits,
                after == null ? null : after.waits,
                after == null ? null : after.id,
                after == null ? null : after.id,
                limit);
    }

    /** The approved requests of a kind, the oldest first. */
    public List<Row> approved(String kind) {
        return sql.query(SELECT + "where kind = ? and state = 'APPROVED' order by requested_at", Approvals::read, kind);
    }

    /** Of the requests of a kind whose time to be carried out has come before they ended, the one for which it came last. */
    public Optional<Row> lastInEffect(String kind) {
        return sql.first(
                SELECT + "where kind = ? and state in ('APPROVED', 'CANCELLED') and not_before <= clock_timestamp()"
                        + " and not_before < least(expires_at, coalesce(ended_at, 'infinity'))"
                        + " order by not_before desc limit 1",
                Approvals::read,
                kind);
    }

    /**
     * Whether a request is approved and has not expired; its row is held until the transaction ends, by one transaction at a
     * time: two that share it could not both go on to note that it was carried out.
     */
    public boolean holdApproved(UUID id) {
        return sql.first(
                        "select id from vault.approval where id = ? and state = 'APPROVED'"
                                + " and expires_at > clock_timestamp() for no key update",
                        row -> Sql.uuid(row, "id"),
                        id)
                .isPresent();
    }

    /** Approves an open request, to be carried out after a time; false if it is not open any more. */
    public boolean approve(UUID id, String person, Duration after) {
        return sql.update(
                        "update vault.approval set state = 'APPROVED', decided_by = ?, decided_at = now.at,"
                                + " not_before = now.at + ? * interval '1 millisecond'"
                                + " from (select clock_timestamp() as at) now"
                                + " where id = ? and state = 'REQUESTED' and expires_at > now.at",
                        person,
                        after.toMillis(),
                        id)
                == 1;
    }

    /** Rejects an open request; false if it is not open any more. */
    public boolean reject(UUID id, String person) {
        return sql.update(
                        "update vault.approval set state = 'REJECTED', decided_by = ?, decided_at = clock_timestamp()"
                                + " where id = ? and state = 'REQUESTED' and expires_at > clock_timestamp()",
                        person,
                        id)
                == 1;
    }

    /** Ends a request that nobody has carried out; false if somebody has, or it has ended before. */
    public boolean end(UUID id, String state) {
        return sql.update(
                        "update vault.approval set state = ?, ended_at = clock_timestamp()"
                                + " where id = ? and state in ('REQUESTED', 'APPROVED')",
                        state,
                        id)
                == 1;
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                row.getString("kind"),
                row.getString("subject"),
                row.getString("request"),
                Bytes.of(row.getBytes("request_hash")),
                row.getString("state"),
                row.getString("requested_by"),
                Sql.instant(row, "requested_at"),
                row.getString("decided_by"),
                Sql.instantOrNull(row, "decided_at"),
                Sql.instantOrNull(row, "not_before"),
                Sql.instant(row, "expires_at"),
                row.getBoolean("due"),
                row.getBoolean("expired"));
    }
}
