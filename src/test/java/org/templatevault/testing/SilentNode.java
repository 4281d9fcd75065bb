package org.templatevault.testing;

import java.util.function.Supplier;

/** A node that seems alive and never says that it can unwrap a new version: no rotation gets beyond STAGED meanwhile. */
public final class SilentNode {
    private SilentNode() {}

    /** Does the work while the vault of these rows has such a node. */
    public static <T> T during(Rows rows, Supplier<T> work) {
        rows.change("insert into vault.node (id, name, started_at, seen_at, held)"
                + " values (gen_random_uuid(), 'silent', now(), now() + interval '1 hour', '{}')");
        try {
            return work.get();
        } finally {
            rows.change("delete from vault.node where name = 'silent'");
        }
    }
}
