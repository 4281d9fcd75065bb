package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Rows that did not open while a rotation passed them. */
@ApplicationScoped
public class Quarantine {
    /** One row; the template is the nil UUID where the subject's key itself does not unwrap. */
    public record Row(
            UUID id, UUID subjectId, UUID templateId, int version, UUID rotationId, String damageClass, Instant at) {}

    @Inject
    Sql sql;

    /**
     * Puts a row into quarantine, if its subject is still what it was when it was read. The subject's row is held until
     * the commit: an erasure that came between would leave a row in quarantine for a subject that is gone.
     *
     * @param leaseToken of the rotation's lease, where it is the rotation that found it; null for whoever needs none
     */
    public void add(OlderSubjects.Damaged damaged, UUID rotation, @Nullable Long leaseToken, Instant now) {
        sql.update(
                "insert into vault.quarantine (subject_id, template_id, version, id, rotation_id, reason, class, at)"
                        + " select k.subject_id, ?, ?, ?, ?, ?, ?, ? from vault.subject_key k"
                        + " where k.subject_id = ? and k.dek_number = ? and k.kek_version = ? and k.revision = ?"
                        + " and (?::bigint is null or exists (select 1 from vault.lease where name = 'rotation' and token = ?))"
                        + " for share of k on conflict (subject_id, template_id, version) do update set"
                        + " rotation_id = excluded.rotation_id, reason = excluded.reason, class = excluded.class",
                damaged.templateId(),
                damaged.version(),
                UUID.randomUUID(),
                rotation,
                damaged.reason(),
                damaged.damageClass(),
                now,
                damaged.key().subjectId(),
                damaged.key().dekNumber(),
                damaged.key().kekVersion(),
                damaged.key().revision(),
                leaseToken,
                leaseToken);
    }

    /** The rows after an id, oldest id first. */
    public List<Row> page(UUID afterId, int limit) {
        return sql.query(
                "select * from vault.quarantine where id > ? order by id limit ?", Quarantine::read, afterId, limit);
    }

    /** One row. */
    public Optional<Row> find(UUID id) {
        return sql.first("select * from vault.quarantine where id = ?", Quarantine::read, id);
    }

    /** Those of these subjects that were in quarantine at a time already. */
    public Set<UUID> listedBy(List<UUID> subjects, Instant time) {
        return Set.copyOf(sql.query(
                "select distinct subject_id from vault.quarantine where subject_id = any(?) and at <= ?",
                row -> Sql.uuid(row, "subject_id"),
                new Sql.ArrayOf("uuid", subjects),
                time));
    }

    /** Whether a row of the subject is in quarantine. */
    public boolean holds(UUID subject) {
        return sql.first("select 1 from vault.quarantine where subject_id = ? limit 1", row -> row.getInt(1), subject)
                .isPresent();
    }

    /**
     * The rows of subjects whose key did not unwrap, in quarantine since before a time, which stand under a version that
     * is not the active one and are under no legal hold; the oldest, at most 100.
     */
    public List<Row> keysThatHoldAVersion(Instant before) {
        return sql.query(
                "select q.* from vault.quarantine q join vault.subject_key k using (subject_id)"
                        + " where q.template_id = ? and q.at <= ? and k.kek_version <>"
                        + " (select version from vault.key_version where state = 'ACTIVE')"
                        + " and not exists (select 1 from vault.subject_hold h where h.subject_id = k.subject_id"
                        + " and h.lifted_at is null) order by q.at, q.id limit 100",
                Quarantine::read,
                new UUID(0, 0),
                before);
    }

    /** The figures of a rotation that has ended with this subject in quarantine: it is moved after all. */
    public void countRepaired(UUID rotation, int fromVersion) {
        sql.update(
                "update vault.rotation set ended_quarantined = ended_quarantined - 1, ended_done = ended_done + 1"
                        + " where id = ? and ended_at is not null and ended_quarantined > 0 and to_version > ?",
                rotation,
                fromVersion);
    }

    /** How many rows there are. */
    public long count() {
        return sql.first("select count(*) from vault.quarantine", row -> row.getLong(1))
                .orElseThrow();
    }

    private static Row read(ResultSet row) throws SQLException {
        return new Row(
                Sql.uuid(row, "id"),
                Sql.uuid(row, "subject_id"),
                Sql.uuid(row, "template_id"),
                row.getInt("version"),
                Sql.uuid(row, "rotation_id"),
                row.getString("class"),
                Sql.instant(row, "at"));
    }
}
