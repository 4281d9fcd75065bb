package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** When the audit trail was verified, and what came of it. Not authenticated: a hint for people, no evidence. */
@ApplicationScoped
public class AuditVerifications {
    /** One verification that came to its end. */
    public record Row(UUID id, Instant at, String caller, long found, long blocks, long entries, long templates) {}

    @Inject
    Sql sql;

    /** Notes a verification. */
    public void insert(Row row) {
        sql.update(
                "insert into vault.audit_verification (id, at, caller, found, blocks, entries, templates)"
                        + " values (?, ?, ?, ?, ?, ?, ?)",
                row.id,
                row.at,
                row.caller,
                row.found,
                row.blocks,
                row.entries,
                row.templates);
    }

    /** The newest one. */
    public Optional<Row> newest() {
        return sql.first(
                "select * from vault.audit_verification order by at desc limit 1",
                row -> new Row(
                        Sql.uuid(row, "id"),
                        Sql.instant(row, "at"),
                        row.getString("caller"),
                        row.getLong("found"),
                        row.getLong("blocks"),
                        row.getLong("entries"),
                        row.getLong("templates")));
    }
}
