package org.templatevault.testing;

import java.util.function.Supplier;

/**
 * A node that seems alive and never says anything new: not that it can unwrap a new version, so that no rotation gets beyond
 * STAGED meanwhile, and not that it has forgotten one.
 */
public final class SilentNode {
    private SilentNode() {}

    /** Does the work while the vault of these rows has such a node. */
    public static <T> T during(Rows rows, Supplier<T> work) {
        return during(rows, "{}", work);
    }

    /** As {@link #during}, of a node that holds a version. */
    public static void holding(Rows rows, int version, Runnable work) {
        during(rows, "{" + version + "}", () -> {
            work.run();
            return version;
        });
    }

    private static <T> T during(Rows rows, String held, Supplier<T> work) {
        rows.change(
                "insert into vault.node (id, name, started_at, seen_at, held)"
                        + " values (gen_random_uuid(), 'silent', now(), now() + interval '1 hour', ?::int[])",
                held);
        try {
            return work.get();
        } finally {
            rows.change("delete from vault.node where name = 'silent'");
        }
    }
}
