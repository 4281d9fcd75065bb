package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How many wraps each KEK version was given; reserved before they are made, so a crash loses none from the count. */
@ApplicationScoped
public class WrapCounts {
    @Inject
    Sql sql;

    /**
     * Reserves wraps under a version.
     *
     * @return how many are reserved now, these included
     */
    public long reserve(int version, long wraps) {
        return sql.first(
                        "insert into vault.wrap_count as w (kek_version, reserved) values (?, ?)"
                                + " on conflict (kek_version) do update set reserved = w.reserved + excluded.reserved"
                                + " returning reserved",
                        row -> row.getLong("reserved"),
                        version,
                        wraps)
                .orElseThrow();
    }

    /** The reserved wraps of each version that has any. */
    public Map<Integer, Long> byVersion() {
        return sql
                .query(
                        "select kek_version, reserved from vault.wrap_count",
                        row -> Map.entry(row.getInt("kek_version"), row.getLong("reserved")))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, Math::max, TreeMap::new));
    }
}
