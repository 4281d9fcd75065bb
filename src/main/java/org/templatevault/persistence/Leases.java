package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/**
 * Leases: what only one node does at a time. Time is the database's. A new owner gets a higher token, and the guarded
 * statements of the work compare it, so an owner who slept past his lease changes nothing.
 */
@ApplicationScoped
public class Leases {
    /** How far a node's clock may be from the database's. */
    static final Duration CLOCKS_AGREE_WITHIN = Duration.ofSeconds(60);

    @Inject
    Sql sql;

    @Inject
    DatabaseClock clock;

    /**
     * Takes or renews the lease.
     *
     * @return the token, or nothing while another node holds the lease
     */
    public Optional<Long> hold(String name, UUID owner, Duration duration) {
        return sql.first(
                "insert into vault.lease as l (name, owner, token, expires_at)"
                        + " values (?, ?, 1, clock_timestamp() + ? * interval '1 millisecond')"
                        + " on conflict (name) do update set owner = excluded.owner, expires_at = excluded.expires_at,"
                        + " token = case when l.owner = excluded.owner then l.token else l.token + 1 end"
                        + " where l.owner = excluded.owner or l.expires_at < clock_timestamp()"
                        + " returning token",
                row -> row.getLong("token"),
                name,
                owner,
                duration.toMillis());
    }

    /**
     * As {@link #hold}, for work whose times decide about what cannot be undone.
     *
     * @throws ClockException if this node's clock is far from the database's; it does not renew the lease then either
     */
    public Optional<Long> holdInTime(String name, UUID owner, Duration duration) {
        Duration apart = Duration.between(clock.now(), Instant.now()).abs();
        if (apart.compareTo(CLOCKS_AGREE_WITHIN) > 0) {
            throw new ClockException(CLOCKS_AGREE_WITHIN);
        }
        return hold(name, owner, duration);
    }

    /** Whether the lease has this token, now and until this transaction ends: who takes it over waits for that. */
    public boolean keep(String name, long token) {
        return sql.first(
                        "select 1 from vault.lease where name = ? and token = ? for share",
                        row -> row.getInt(1),
                        name,
                        token)
                .isPresent();
    }

    /** Gives the lease back, if it is still this owner's: the next need not wait for its end. */
    public void giveBack(String name, UUID owner) {
        sql.update("update vault.lease set expires_at = clock_timestamp() where name = ? and owner = ?", name, owner);
    }
}
