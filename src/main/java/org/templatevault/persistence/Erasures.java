package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Sql.ArrayOf;

/** The tombstones of erased subjects and what stays of each erasure. */
@ApplicationScoped
public class Erasures {
    /** What stays of an erasure. */
    public record Row(
            UUID id,
            @Nullable Bytes pseudonym,
            String reason,
            String requestedBy,
            Instant logicalAt,
            int firstKekVersion,
            int lastKekVersion,
            int templates,
            boolean released) {}

    @Inject
    Sql sql;

    @Inject
    Event<SubjectErased> erased;

    /** Records the erasure, its tombstone and its count, and clears the subject from the quarantine. */
    public void insert(Row row, byte[] tombstone, int keyNumber, UUID subject) {
        sql.update(
                "insert into vault.erasure (id, pseudonym, reason, requested_by, logical_at, first_kek_version,"
                        + " last_kek_version, templates, released) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row.id,
                row.pseudonym,
                row.reason,
                row.requestedBy,
                row.logicalAt,
                row.firstKekVersion,
                row.lastKekVersion,
                row.templates,
                row.released);
        sql.update(
                "insert into vault.erased_subject (tag, key_number, erasure_id, erased_at) values (?, ?, ?, ?)",
                tombstone,
                keyNumber,
                row.id,
                row.logicalAt);
        sql.update(
                "insert into vault.subject_count (id, kek_version, kind, subjects, at) values (?, ?, 'ERASED', 1, ?)",
                UUID.randomUUID(),
                row.lastKekVersion,
                row.logicalAt);
        sql.update("delete from vault.quarantine where subject_id = ?", subject);
        erased.fire(new SubjectErased(subject, row));
    }

    /** The erasure of this tombstone. */
    public Optional<UUID> find(List<byte[]> tombstones) {
        return sql.first(
                "select erasure_id from vault.erased_subject where tag = any(?)",
                row -> Sql.uuid(row, "erasure_id"),
                new ArrayOf("bytea", tombstones));
    }

    /** Which of these tombstones exist; as hexadecimal text. */
    public Set<String> findAll(List<byte[]> tombstones) {
        return sql
                .query(
                        "select encode(tag, 'hex') as tag from vault.erased_subject where tag = any(?)",
                        row -> row.getString("tag"),
                        new ArrayOf("bytea", tombstones))
                .stream()
                .collect(Collectors.toUnmodifiableSet());
    }

    /** What stays of the erasure with this id. */
    public Optional<Row> get(UUID id) {
        return sql.first(
                "select * from vault.erasure where id = ?",
                row -> new Row(
                        Sql.uuid(row, "id"),
                        Sql.bytesOrNull(row, "pseudonym"),
                        row.getString("reason"),
                        row.getString("requested_by"),
                        Sql.instant(row, "logical_at"),
                        row.getInt("first_kek_version"),
                        row.getInt("last_kek_version"),
                        row.getInt("templates"),
                        row.getBoolean("released")),
                id);
    }
}
