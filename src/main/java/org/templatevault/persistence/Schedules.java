package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is to be done by itself, and when. */
@ApplicationScoped
public class Schedules {
    /**
     * A schedule of rotations.
     *
     * @param maxAge of the active version; null for any
     * @param maxWraps under the active version; null for any
     */
    public record Row(
            String name,
            boolean enabled,
            @Nullable Duration maxAge,
            @Nullable Long maxWraps,
            String mode,
            @Nullable Integer rate,
            String updatedBy,
            Instant updatedAt) {}

    /** A schedule that is only on or off, and at which rate; null for no limit. */
    public record Switch(
            String name, boolean enabled, @Nullable Integer rate, String updatedBy, Instant updatedAt) {}

    @Inject
    Sql sql;

    /** The switch of this name, if one was set. */
    public Optional<Switch> findSwitch(String name) {
        return sql.first(
                "select * from vault.schedule where name = ?",
                row -> new Switch(
                        name,
                        row.getBoolean("enabled"),
                        row.getObject("rate", Integer.class),
                        row.getString("updated_by"),
                        Sql.instant(row, "updated_at")),
                name);
    }

    /** Sets a switch. */
    public void put(Switch row) {
        sql.update(
                "insert into vault.schedule (name, enabled, rate, updated_by, updated_at) values (?, ?, ?, ?, ?)"
                        + " on conflict (name) do update set enabled = excluded.enabled, rate = excluded.rate,"
                        + " updated_by = excluded.updated_by, updated_at = excluded.updated_at",
                row.name,
                row.enabled,
                row.rate,
                row.updatedBy,
                row.updatedAt);
    }

    /** The schedule of this name, if one was set. */
    public Optional<Row> find(String name) {
        return sql.first("select * from vault.schedule where name = ?", Schedules::read, name);
    }

    /** Sets a schedule. */
    public void put(Row row) {
        sql.update(
                "insert into vault.schedule (name, enabled, max_age_ms, max_wraps, mode, rate, updated_by, updated_at)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (name) do update set enabled = excluded.enabled,"
                        + " max_age_ms = excluded.max_age_ms, max_wraps = excluded.max_wraps, mode = excluded.mode,"
                        + " rate = excluded.rate, updated_by = excluded.updated_by, updated_at = excluded.updated_at",
                row.name,
                row.enabled,
                row.maxAge == null ? null : row.maxAge.toMillis(),
                row.maxWraps,
                row.mode,
                row.rate,
                row.updatedBy,
                row.updatedAt);
    }

    private static Row read(ResultSet row) throws SQLException {
        Long age = row.getObject("max_age_ms", Long.class);
        return new Row(
                row.getString("name"),
                row.getBoolean("enabled"),
                age == null ? null : Duration.ofMillis(age),
                row.getObject("max_wraps", Long.class),
                row.getString("mode"),
                row.getObject("rate", Integer.class),
                row.getString("updated_by"),
                Sql.instant(row, "updated_at"));
    }
}
