package org.templatevault.chaos;

import org.junit.jupiter.api.Test;

/** The short form of {@link FullCrashRunIT}. */
class CrashRunIT {
    @Test
    void losesAndDoublesNothingWhenServerAndDatabaseAreKilled() throws Exception {
        new CrashRun(CrashPlan.brief(Long.getLong("chaos.seed", System.nanoTime()))).run();
    }
}
