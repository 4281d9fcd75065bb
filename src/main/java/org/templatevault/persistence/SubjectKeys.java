package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/**
 * The rows of {@code subject_key} and the guard of all that is written about a subject: whoever writes a subject's
 * templates first raises its revision here, and so meets a rotation or an erasure of that subject on this row.
 */
@ApplicationScoped
public class SubjectKeys {
    /** What {@link #read} reads, of {@code subject_key k}. */
    static final String COLUMNS = "k.subject_id, k.dek_number, k.revision, k.kek_version, k.first_kek_version,"
            + " k.wrap_suite, k.data_suite, k.wrapped, k.reference, k.stored_bytes, k.created_at";

    /**
     * A subject's row under its lock.
     *
     * @param compromised whether its DEK stands under a compromised KEK version, or has stood under one and no rotation has
     *     led it away from there: nothing may be sealed under that DEK
     * @param mayHaveLeaked whether its DEK may have stood under a compromised version and no rotation has led it away from
     *     there: also one that is still on an older version, since a move to it that was rolled back is in the log. It is to
     *     get a new one where it can
     * @param policy the subject's retention policy
     * @param lastInteractionOn when the person was last there
     */
    public record Touched(
            SubjectKeyRow row,
            boolean compromised,
            boolean mayHaveLeaked,
            @Nullable String policy,
            @Nullable LocalDate lastInteractionOn) {}

    private static final String UNDER_LOCK = ", exists (select 1 from vault.key_version v where"
            + " v.version = k.kek_version and v.state = 'COMPROMISED') or exists (select 1 from vault.rotation r"
            + " where r.compromised_version between k.first_kek_version and k.kek_version"
            + " and r.to_version > k.kek_version and r.started_at is not null) as compromised,"
            + " exists (select 1 from vault.rotation r where r.compromised_version >= k.first_kek_version"
            + " and r.to_version > k.kek_version and r.started_at is not null) as may_have_leaked,"
            + " (select r.policy from vault.subject_retention r where r.subject_id = k.subject_id) as policy,"
            + " (select r.last_interaction_on from vault.subject_retention r where r.subject_id = k.subject_id)"
            + " as last_interaction_on";

    @Inject
    Sql sql;

    /** The subject's row as it is now, without a lock. */
    public Optional<SubjectKeyRow> find(UUID subject) {
        return sql.first(
                "select " + COLUMNS + " from vault.subject_key k where k.subject_id = ?", SubjectKeys::read, subject);
    }

    /**
     * Raises the subject's revision, locks its row until the end of the transaction and answers with the row as it is
     * under the lock: the DEK in it is the one to seal with.
     *
     * @param addedBytes how much the subject's envelopes grow; negative when they shrink
     */
    public Optional<Touched> touch(UUID subject, long addedBytes) {
        return sql.first(
                "update vault.subject_key k set revision = k.revision + 1, stored_bytes = k.stored_bytes + ?"
                        + " where k.subject_id = ? returning " + COLUMNS + UNDER_LOCK,
                SubjectKeys::readTouched,
                addedBytes,
                subject);
    }

    /** As {@link #touch} for many subjects in one statement, in the order of their ids. */
    public List<Touched> touchAll(Map<UUID, Long> addedBytes) {
        TreeMap<UUID, Long> sorted = new TreeMap<>(addedBytes);
        return sql.query(
                "update vault.subject_key k set revision = k.revision + 1, stored_bytes = k.stored_bytes + a.bytes"
                        + " from (select * from unnest(?, ?) as u(id, bytes) order by id) a"
                        + " where k.subject_id = a.id returning " + COLUMNS + UNDER_LOCK,
                SubjectKeys::readTouched,
                new UuidArray(List.copyOf(sorted.keySet())),
                new ArrayOf("int8", List.copyOf(sorted.values())));
    }

    /** Corrects the stored bytes of a subject whose row this transaction holds. */
    public void addStoredBytes(UUID subject, long bytes) {
        sql.update("update vault.subject_key set stored_bytes = stored_bytes + ? where subject_id = ?", bytes, subject);
    }

    /**
     * Stores the rows of subjects that are new, counts them under their KEK version and puts them under their policies. To
     * enrol is an interaction. The rows may be of several versions: the key ring can change while they are made.
     *
     * @param policies of those subjects that are to have another than the default
     * @return the ids that were stored; an id that is missing exists already
     * @throws TryAgainException if their version is destroyed
     */
    public List<UUID> insertAll(Collection<SubjectKeyRow> rows, Map<UUID, String> policies) {
        try {
            return insertWrapped(rows, policies);
        } catch (RuntimeException failure) {
            throw Failures.duringWrap(failure);
        }
    }

    private List<UUID> insertWrapped(Collection<SubjectKeyRow> rows, Map<UUID, String> policies) {
        List<SubjectKeyRow> sorted = rows.stream()
                .sorted(java.util.Comparator.comparing(SubjectKeyRow::subjectId))
                .toList();
        return sql.query(
                "with added as (insert into vault.subject_key (subject_id, dek_number, revision, kek_version,"
                        + " first_kek_version, wrap_suite, data_suite, wrapped, reference, stored_bytes, created_at)"
                        + " select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
                        + " returning subject_id, kek_version, created_at),"
                        + " counted as (insert into vault.subject_count (id, kek_version, kind, subjects, at)"
                        + " select gen_random_uuid(), kek_version, 'CREATED', count(*), max(created_at) from added"
                        + " group by kek_version),"
                        + " retained as (insert into vault.subject_retention (subject_id, policy, enrolled_on,"
                        + " last_interaction_on) select a.subject_id, p.policy, " + Retention.TODAY + ", "
                        + Retention.TODAY + " from added a join (select * from unnest(?, ?) as u(id, policy)) p"
                        + " on p.id = a.subject_id)"
                        + " select subject_id from added",
                row -> Sql.uuid(row, "subject_id"),
                UuidArray.column(sorted, SubjectKeyRow::subjectId),
                ArrayOf.column("int4", sorted, SubjectKeyRow::dekNumber),
                ArrayOf.column("int8", sorted, SubjectKeyRow::revision),
                ArrayOf.column("int4", sorted, SubjectKeyRow::kekVersion),
                ArrayOf.column("int4", sorted, SubjectKeyRow::firstKekVersion),
                ArrayOf.column("text", sorted, SubjectKeyRow::wrapSuite),
                ArrayOf.column("text", sorted, SubjectKeyRow::dataSuite),
                ArrayOf.column("bytea", sorted, SubjectKeyRow::wrapped),
                ArrayOf.column("bytea", sorted, SubjectKeyRow::reference),
                ArrayOf.column("int8", sorted, SubjectKeyRow::storedBytes),
                ArrayOf.column("timestamptz", sorted, row -> java.sql.Timestamp.from(row.createdAt())),
                UuidArray.column(sorted, SubjectKeyRow::subjectId),
                ArrayOf.column("text", sorted, row -> policies.getOrDefault(row.subjectId(), Policies.DEFAULT)));
    }

    /** Takes back rows that this transaction stored. */
    public void withdraw(List<UUID> subjects) {
        sql.update(
                "with gone as (delete from vault.subject_key where subject_id = any(?) returning kek_version),"
                        + " unretained as (delete from vault.subject_retention where subject_id = any(?))"
                        + " insert into vault.subject_count (id, kek_version, kind, subjects, at)"
                        + " select gen_random_uuid(), kek_version, 'CREATED', -count(*), now() from gone"
                        + " group by kek_version",
                new UuidArray(subjects),
                new UuidArray(subjects));
    }

    /** Destroys the subject's key; its row as it was, or nothing if the revision is another or the subject is gone. */
    public Optional<SubjectKeyRow> delete(UUID subject, long revision) {
        return sql.first(
                "delete from vault.subject_key k where k.subject_id = ? and k.revision = ? returning " + COLUMNS,
                SubjectKeys::read,
                subject,
                revision);
    }

    /** Locks the subject's row until the end of the transaction and changes nothing; false if there is none. */
    public boolean lock(UUID subject) {
        return sql.first(
                        "select 1 from vault.subject_key where subject_id = ? for update",
                        row -> row.getInt(1),
                        subject)
                .isPresent();
    }

    /** As {@link #delete(UUID, long)}, if its revision, DEK, key version and wrapped key are those that were seen. */
    public Optional<SubjectKeyRow> delete(SubjectKeyRow seen) {
        return sql.first(
                "delete from vault.subject_key k where k.subject_id = ? and k.revision = ? and k.dek_number = ?"
                        + " and k.kek_version = ? and k.wrapped = ? returning " + COLUMNS,
                SubjectKeys::read,
                seen.subjectId(),
                seen.revision(),
                seen.dekNumber(),
                seen.kekVersion(),
                seen.wrapped());
    }

    /** The rows of these subjects as they are now, without a lock. */
    public List<SubjectKeyRow> findAll(Collection<UUID> subjects) {
        return sql.query(
                "select " + COLUMNS + " from vault.subject_key k where k.subject_id = any(?)",
                SubjectKeys::read,
                new UuidArray(List.copyOf(subjects)));
    }

    private static Touched readTouched(ResultSet row) throws SQLException {
        return new Touched(
                read(row),
                row.getBoolean("compromised"),
                row.getBoolean("may_have_leaked"),
                row.getString("policy"),
                row.getObject("last_interaction_on", LocalDate.class));
    }

    static SubjectKeyRow read(ResultSet row) throws SQLException {
        return new SubjectKeyRow(
                Sql.uuid(row, "subject_id"),
                row.getInt("dek_number"),
                row.getLong("revision"),
                row.getInt("kek_version"),
                row.getInt("first_kek_version"),
                row.getString("wrap_suite"),
                row.getString("data_suite"),
                row.getBytes("wrapped"),
                row.getBytes("reference"),
                row.getLong("stored_bytes"),
                Sql.instant(row, "created_at"));
    }
}
