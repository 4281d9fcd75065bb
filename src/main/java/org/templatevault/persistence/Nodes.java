package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.UUID;
import org.templatevault.persistence.Sql.ArrayOf;

/** The nodes that say they are alive, and the key versions with which each can unwrap. Time is the database's. */
@ApplicationScoped
public class Nodes {
    /** A node that was silent this long is not waited for: what it would wrap under an old version is refused. */
    public static final int SILENT_SECONDS = 10;

    /**
     * What a report learns.
     *
     * @param versions those that have a KEK, each with its state and its fingerprint: another text than before means that
     *     the ring is old
     * @param endedBelow every transaction with a lower id has ended, and whatever begins later sees what it did
     */
    public record Seen(String versions, long endedBelow) {}

    private static final String ALIVE = " seen_at > clock_timestamp() - " + SILENT_SECONDS + " * interval '1 second'";

    @Inject
    Sql sql;

    /**
     * Says that a node is alive.
     *
     * @param held the fingerprints, by their versions, of the KEKs that it has unwrapped and tried; another KEK than the
     *     database's is not counted as held
     * @param cleared see {@link RowsInUse#cleared}
     * @param clock the node's own
     */
    public Seen seen(
            UUID id, String name, Instant startedAt, SortedMap<Integer, Bytes> held, long cleared, Instant clock) {
        return sql.first(
                        "insert into vault.node as n (id, name, started_at, seen_at, held, cleared_xid, clock_ms)"
                                + " values (?, ?, ?, clock_timestamp(), array(select h.version"
                                + " from unnest(?, ?) as h(version, fingerprint) join vault.key_version v"
                                + " using (version, fingerprint) order by h.version), ?,"
                                + " (extract(epoch from ? - clock_timestamp()) * 1000)::bigint)"
                                + " on conflict (id) do update set seen_at = excluded.seen_at, held = excluded.held,"
                                + " cleared_xid = excluded.cleared_xid, clock_ms = excluded.clock_ms"
                                + " returning (select coalesce(string_agg(v.version || v.state"
                                + " || coalesce(encode(v.fingerprint, 'hex'), ''), ',' order by v.version), '')"
                                + " from vault.key_version v join vault.key_material m using (version)) as versions,"
                                + " pg_snapshot_xmin(pg_current_snapshot())::text::bigint as ended_below",
                        row -> new Seen(row.getString("versions"), row.getLong("ended_below")),
                        id,
                        name,
                        startedAt,
                        new ArrayOf("int4", List.copyOf(held.keySet())),
                        new ArrayOf(
                                "bytea",
                                held.values().stream().map(Bytes::toArray).toList()),
                        cleared,
                        clock)
                .orElseThrow();
    }

    /** The names of the nodes that are alive and may still hold something of what was gone before this transaction id. */
    public List<String> notCleared(long goneXid) {
        return sql.query(
                "select name from vault.node where" + ALIVE + " and coalesce(cleared_xid, 0) < ? order by name",
                row -> row.getString("name"),
                goneXid);
    }

    /** The names of the nodes that are alive and do not hold the version. */
    public List<String> withoutVersion(int version) {
        return sql.query(
                "select name from vault.node where" + ALIVE + " and not (? = any(held)) order by name",
                row -> row.getString("name"),
                version);
    }

    /** The names of the nodes that are alive and hold the version. */
    public List<String> withVersion(int version) {
        return sql.query(
                "select name from vault.node where" + ALIVE + " and ? = any(held) order by name",
                row -> row.getString("name"),
                version);
    }

    /** Forgets a node that stops, or nodes that were silent for a day. */
    public void forget(UUID id) {
        sql.update("delete from vault.node where id = ? or seen_at < clock_timestamp() - interval '1 day'", id);
    }
}
