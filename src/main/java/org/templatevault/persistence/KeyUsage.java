package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What stands under a key version, counted row by row in one snapshot. */
@ApplicationScoped
public class KeyUsage {
    /**
     * The use of a version at one point in time.
     *
     * @param oldestTransaction when the oldest transaction began that could still add a reference; null if none can
     * @param lastWrapAt when a DEK was last wrapped under it; null if never
     * @param lastLeftAt when the last subject left it or, if that is later, the first rotation ended that emptied it, or
     *     the last one that was cancelled where none has
     */
    public record Usage(
            Instant at,
            long subjectKeys,
            long serviceKeys,
            long quarantined,
            @Nullable Instant oldestTransaction,
            @Nullable Instant lastWrapAt,
            @Nullable Instant lastLeftAt) {
        /** Whether any row refers to it. */
        public boolean isUsed() {
            return subjectKeys > 0 || serviceKeys > 0;
        }
    }

    /**
     * When a version was left.
     *
     * @param drainedAt when the first rotation ended that left nothing under it but rows that did not open
     * @param lastAt as {@link Usage#lastLeftAt}
     */
    public record Left(
            @Nullable Instant drainedAt, @Nullable Instant lastAt) {}

    /** A subject or an erasure whose keys ever stood under a version. */
    public record Exposed(UUID id, int firstVersion, int lastVersion) {}

    private static final String DRAINED =
            "(select min(ended_at) from vault.rotation where to_version > v and state like 'DRAINED%')";

    /** When the rotation ended that moved the service keys of a version {@code v}; one that was cancelled may have. */
    static final String ENDED = "coalesce(" + DRAINED
            + ", (select max(ended_at) from vault.rotation where to_version > v and started_at is not null))";

    private static final String LAST_LEFT = "greatest((select max(at) from vault.subject_count where kek_version = v"
            + " and kind in ('MOVED_OUT', 'ERASED')), " + ENDED + ")";

    @Inject
    Sql sql;

    /** The use of a version. */
    public Usage of(int version) {
        return sql.first(
                        "select now() as at,"
                                + " (select count(*) from vault.subject_key where kek_version = v) as subject_keys,"
                                + " (select count(*) from vault.service_key where kek_version = v) as service_keys,"
                                + " (select count(*) from vault.quarantine q join vault.subject_key k using (subject_id)"
                                + " where k.kek_version = v) as quarantined,"
                                + " (select min(xact_start) from pg_stat_activity where datname = current_database()"
                                + " and backend_xid is not null and pid <> pg_backend_pid()"
                                + " and exists (select 1 from vault.key_version where version = v and state = 'ACTIVE'"
                                + " or version = v and deactivated_at > xact_start)) as oldest,"
                                + " (select max(at) from vault.subject_count where kek_version = v"
                                + " and kind in ('CREATED', 'MOVED_IN')) as last_wrap,"
                                + LAST_LEFT + " as last_left"
                                + " from (values (?::int)) as given(v)",
                        row -> new Usage(
                                Sql.instant(row, "at"),
                                row.getLong("subject_keys"),
                                row.getLong("service_keys"),
                                row.getLong("quarantined"),
                                Sql.instantOrNull(row, "oldest"),
                                Sql.instantOrNull(row, "last_wrap"),
                                Sql.instantOrNull(row, "last_left")),
                        version)
                .orElseThrow();
    }

    /** When a version was left; reads no row about a subject. */
    public Left left(int version) {
        return sql.first(
                        "select " + DRAINED + " as drained, " + LAST_LEFT
                                + " as last_left from (values (?::int)) as given(v)",
                        row -> new Left(Sql.instantOrNull(row, "drained"), Sql.instantOrNull(row, "last_left")),
                        version)
                .orElseThrow();
    }

    /** Subjects whose keys ever stood under the version, after an id, in the order of their ids. */
    public List<Exposed> subjects(int version, UUID afterId, int limit) {
        return sql.query(
                "select subject_id as id, first_kek_version as first, kek_version as last from vault.subject_key"
                        + " where first_kek_version <= ? and kek_version >= ? and subject_id > ?"
                        + " order by subject_id limit ?",
                row -> new Exposed(Sql.uuid(row, "id"), row.getInt("first"), row.getInt("last")),
                version,
                version,
                afterId,
                limit);
    }

    /**
     * Erasures of subjects whose keys ever stood under the version, before any of the times that they were erased, after an
     * id, in the order of their ids.
     */
    public List<Exposed> erasures(int version, UUID afterId, int limit) {
        return sql.query(
                "select erasure_id as id, min(first_kek_version) as first, max(last_kek_version) as last"
                        + " from vault.erasure_round where first_kek_version <= ? and last_kek_version >= ?"
                        + " and erasure_id > ? group by erasure_id order by erasure_id limit ?",
                row -> new Exposed(Sql.uuid(row, "id"), row.getInt("first"), row.getInt("last")),
                version,
                version,
                afterId,
                limit);
    }

    /** How many erasures under this version released a row that nobody could open. */
    public long released(int version) {
        return sql.first(
                        "select count(*) from vault.erasure where released and kek_version = ?",
                        row -> row.getLong(1),
                        version)
                .orElseThrow();
    }
}
