package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Rows that did not open while a rotation passed them. */
@ApplicationScoped
public class Quarantine {
    /** One row; the template is the nil UUID where the subject's key itself does not unwrap. */
    public record Row(
            UUID id, UUID subjectId, UUID templateId, int version, UUID rotationId, String reason, Instant at) {}

    @Inject
    Sql sql;

    /** The rows after an id, oldest id first. */
    public List<Row> page(UUID afterId, int limit) {
        return sql.query(
                "select * from vault.quarantine where id > ? order by id limit ?",
                row -> new Row(
                        Sql.uuid(row, "id"),
                        Sql.uuid(row, "subject_id"),
                        Sql.uuid(row, "template_id"),
                        row.getInt("version"),
                        Sql.uuid(row, "rotation_id"),
                        row.getString("reason"),
                        Sql.instant(row, "at")),
                afterId,
                limit);
    }

    /** How many rows there are. */
    public long count() {
        return sql.first("select count(*) from vault.quarantine", row -> row.getLong(1))
                .orElseThrow();
    }
}
