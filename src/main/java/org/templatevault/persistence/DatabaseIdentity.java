package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;

/**
 * Which cluster and timeline this is. A restored backup and a promoted replica are others than the one on which the
 * wraps were counted, and may have lost counts. A copy of the files put back without recovery cannot be told apart.
 */
@ApplicationScoped
public class DatabaseIdentity {
    /** A cluster and its timeline. */
    public record Identity(String systemIdentifier, String timeline) {}

    /** True where wraps are not counted completely. */
    static final String IS_ANOTHER = "exists (select 1 from vault.database_identity, pg_control_system() c"
            + " where vault.database_identity.system_identifier <> c.system_identifier::text"
            + " or timeline <> substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))";

    @Inject
    Sql sql;

    /** The one that answers. */
    public Identity present() {
        return sql.first(
                        "select system_identifier::text as id, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
                                + " as timeline from pg_control_system()",
                        row -> new Identity(row.getString("id"), row.getString("timeline")))
                .orElseThrow();
    }

    /** The one on which the wraps were counted; nothing in a vault of a release that did not record it. */
    public Optional<Identity> counted() {
        return sql.first(
                "select system_identifier, timeline from vault.database_identity",
                row -> new Identity(row.getString("system_identifier"), row.getString("timeline")));
    }

    /** From now on wraps are counted on this one. */
    public void record(Identity identity) {
        sql.update(
                "insert into vault.database_identity (system_identifier, timeline) values (?, ?)"
                        + " on conflict (one) do update set system_identifier = excluded.system_identifier,"
                        + " timeline = excluded.timeline"
                        + " where (database_identity.system_identifier, database_identity.timeline)"
                        + " is distinct from (excluded.system_identifier, excluded.timeline)",
                identity.systemIdentifier,
                identity.timeline);
    }
}
