package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Optional;

/** Who is signed in to the console, on whichever node. */
@ApplicationScoped
public class ConsoleSessions {
    /**
     * A session.
     *
     * @param tokenHash the SHA-256 of what the cookie holds
     * @param roles separated by spaces
     * @param signIn {@code password} or {@code openid}
     * @param tag what authenticates all of it but {@code usedAt}
     */
    public record Row(
            Bytes tokenHash,
            String caller,
            String roles,
            String signIn,
            Instant signedInAt,
            Instant endsAt,
            Instant usedAt,
            Bytes tag) {}

    @Inject
    Sql sql;

    /** Adds one. */
    public void insert(Row row) {
        sql.update(
                "insert into vault.console_session"
                        + " (token_hash, caller, roles, sign_in, signed_in_at, ends_at, used_at, tag)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?)",
                row.tokenHash,
                row.caller,
                row.roles,
                row.signIn,
                row.signedInAt,
                row.endsAt,
                row.usedAt,
                row.tag);
    }

    /** The session of this cookie. */
    public Optional<Row> find(Bytes tokenHash) {
        return sql.first(
                "select * from vault.console_session where token_hash = ?",
                row -> new Row(
                        Bytes.of(row.getBytes("token_hash")),
                        row.getString("caller"),
                        row.getString("roles"),
                        row.getString("sign_in"),
                        Sql.instant(row, "signed_in_at"),
                        Sql.instant(row, "ends_at"),
                        Sql.instant(row, "used_at"),
                        Bytes.of(row.getBytes("tag"))),
                tokenHash);
    }

    /** Notes that a session was used. */
    public void use(Bytes tokenHash, Instant now) {
        sql.update(
                "update vault.console_session set used_at = ? where token_hash = ? and used_at < ?",
                now,
                tokenHash,
                now);
    }

    /** Ends a session; false if there is none. */
    public boolean delete(Bytes tokenHash) {
        return sql.update("delete from vault.console_session where token_hash = ?", tokenHash) == 1;
    }

    /** Forgets those that are over. */
    public int purge(Instant now, Instant unusedSince) {
        return sql.update("delete from vault.console_session where ends_at < ? or used_at < ?", now, unusedSince);
    }
}
