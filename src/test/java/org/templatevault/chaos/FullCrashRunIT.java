package org.templatevault.chaos;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@code mvn -Pchaos verify}, {@code -Dchaos.seed=…} for the same choices again, {@code -Dchaos.more=10} for ten kills
 * more, in all states in turn: 20,000 templates (or {@code -Dchaos.templates=…}), 16 readers, 4 writers,
 * ten kills of the server (one at least in every state of a rotation, one between a commit and its answer) and three of
 * PostgreSQL.
 */
@Tag("chaos")
class FullCrashRunIT {
    @Test
    void losesAndDoublesNothingWhenServerAndDatabaseAreKilledInEveryState() throws Exception {
        long seed = Long.getLong("chaos.seed", System.nanoTime());
        new CrashRun(CrashPlan.full(
                        seed, Integer.getInteger("chaos.templates", 20_000), Integer.getInteger("chaos.more", 0)))
                .run();
    }
}
