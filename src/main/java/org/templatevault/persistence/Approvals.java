package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What one person asked for and another has to approve. The database refuses one person for both, too. */
@ApplicationScoped
public class Approvals {
    /**
     * A request and what became of it.
     *
     * @param subject what it is about, such as a key version's number or a row's id
     * @param request in words, all that will happen
     * @param requestHash SHA-256 of kind, subject and request
     * @param notBefore when it may be carried out; null until it is approved
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
            Instant expiresAt) {}

    @Inject
    Sql sql;

    /** Records a request. */
    public void insert(Row row) {
        sql.update(
                "insert into vault.approval (id, kind, subject, request, request_hash, state, requested_by, requested_at,"
                        + " expires_at) values (?, ?, ?, ?, ?, 'REQUESTED', ?, ?, ?)",
                row.id,
                row.kind,
                row.subject,
                row.request,
                row.requestHash,
                row.requestedBy,
                row.requestedAt,
                row.expiresAt);
    }

    /** One request. */
    public Optional<Row> find(UUID id) {
        return sql.first("select * from vault.approval where id = ?", Approvals::read, id);
    }

    /** The newest requests, at most 100. */
    public List<Row> newest() {
        return sql.query("select * from vault.approval order by requested_at desc limit 100", Approvals::read);
    }

    /** The approved requests of a kind, the oldest first. */
    public List<Row> approved(String kind) {
        return sql.query(
                "select * from vault.approval where kind = ? and state = 'APPROVED' order by requested_at",
                Approvals::read,
                kind);
    }

    /** Whether a request is approved and has not expired; its row is held until the transaction ends. */
    public boolean holdApproved(UUID id, Instant now) {
        return sql.first(
                        "select id from vault.approval where id = ? and state = 'APPROVED' and expires_at > ? for share",
                        row -> Sql.uuid(row, "id"),
                        id,
                        now)
                .isPresent();
    }

    /** Decides an open request; false if it is not open any more. */
    public boolean decide(UUID id, String state, String person, Instant now, @Nullable Instant notBefore) {
        return sql.update(
                        "update vault.approval set state = ?, decided_by = ?, decided_at = ?, not_before = ?"
                                + " where id = ? and state = 'REQUESTED' and expires_at > ?",
                        state,
                        person,
                        now,
                        notBefore,
                        id,
                        now)
                == 1;
    }

    /** Ends a request that nobody has carried out; false if somebody has, or it has ended before. */
    public boolean end(UUID id, String state, Instant now) {
        return sql.update(
                        "update vault.approval set state = ?, ended_at = ? where id = ? and state in ('REQUESTED', 'APPROVED')",
                        state,
                        now,
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
                Sql.instant(row, "expires_at"));
    }
}
