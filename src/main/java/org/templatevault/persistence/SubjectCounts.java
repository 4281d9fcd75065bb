package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.TreeMap;

/** The number of subjects under each KEK version, from insert-only deltas. */
@ApplicationScoped
public class SubjectCounts {
    /** Deltas younger than this are left alone: the rate of a rotation is read from them. */
    private static final int FOLD_AFTER_SECONDS = 60;

    @Inject
    Sql sql;

    /** The subjects under each version that has any. */
    public Map<Integer, Long> byVersion() {
        Map<Integer, Long> counts = new TreeMap<>();
        sql.query(
                        "select kek_version, sum(case when kind in ('CREATED', 'MOVED_IN') then subjects else -subjects end)"
                                + " as subjects from vault.subject_count group by kek_version",
                        row -> Map.entry(row.getInt("kek_version"), row.getLong("subjects")))
                .forEach(entry -> counts.put(entry.getKey(), entry.getValue()));
        return counts;
    }

    /** How many subjects rotations have moved to a version, whatever became of them since. */
    public long movedIn(int version) {
        return sql.first(
                        "select coalesce(sum(subjects), 0) from vault.subject_count where kek_version = ?"
                                + " and kind = 'MOVED_IN'",
                        row -> row.getLong(1),
                        version)
                .orElseThrow();
    }

    /** Folds old deltas into one row for each version, kind and rotation; at most 50,000 at a time. */
    public void fold() {
        sql.update(
                "with gone as (delete from vault.subject_count where id in (select id from vault.subject_count"
                        + " where at < now() - ? * interval '1 second' limit 50000) returning *)"
                        + " insert into vault.subject_count (id, kek_version, kind, rotation_id, subjects, at)"
                        + " select gen_random_uuid(), kek_version, kind, rotation_id, sum(subjects), max(at)"
                        + " from gone group by kek_version, kind, rotation_id",
                FOLD_AFTER_SECONDS);
    }
}
