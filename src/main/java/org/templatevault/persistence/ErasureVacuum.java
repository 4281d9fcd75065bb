package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;

/**
 * Removes dead rows from the tables that hold something about a subject, where the application may (PostgreSQL 17 and
 * newer). {@code freeze} makes PostgreSQL wait for pages that somebody has pinned, {@code index_cleanup} takes the
 * entries out of the indexes also where they are few: a vacuum without these may leave dead rows.
 */
@ApplicationScoped
public class ErasureVacuum {
    private static final List<String> TABLES = List.of(
            "subject_key",
            "template",
            "subject_reference",
            "idempotency",
            "idempotency_item",
            "quarantine",
            "reencrypt_mark",
            "subject_retention",
            "subject_hold",
            "bulk_erasure_item");

    @Inject
    Sql sql;

    /** Whether this role may vacuum all of the tables. */
    public boolean isAllowed() {
        return sql.first(
                        "select current_setting('server_version_num')::int >= 170000 as known",
                        row -> row.getBoolean("known"))
                .filter(known -> known)
                .flatMap(known -> sql.first(
                        "select bool_and(has_table_privilege('vault.' || t, 'MAINTAIN')) as allowed from unnest(?) t",
                        row -> row.getBoolean("allowed"),
                        new Sql.ArrayOf("text", TABLES)))
                .orElse(false);
    }

    /**
     * The oldest transaction id that anything still running may see as not ended: transactions and snapshots in this
     * database, prepared transactions, standbys and their slots. What was deleted by lower ids, a vacuum that begins now
     * removes. Rounded down where PostgreSQL gives an age only.
     */
    public long horizon() {
        return sql.first(
                        "select least(pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
                                + " - coalesce((select max(age(x)) from (select backend_xmin as x from pg_stat_activity"
                                + " where pid <> pg_backend_pid() and (datname = current_database() or datname is null)"
                                + " union all select backend_xid from pg_stat_activity"
                                + " where pid <> pg_backend_pid() and datname = current_database()"
                                + " union all select xmin from pg_replication_slots"
                                + " union all select transaction from pg_prepared_xacts) held where x is not null), 0))"
                                + " as horizon from pg_current_snapshot() s",
                        row -> row.getLong("horizon"))
                .orElseThrow();
    }

    /** How many tables it goes through. */
    public int tables() {
        return TABLES.size();
    }

    /** Vacuums; outside any transaction. */
    public void run() {
        TABLES.forEach(table -> sql.runLong("vacuum (freeze, index_cleanup on, truncate off) vault." + table));
    }
}
