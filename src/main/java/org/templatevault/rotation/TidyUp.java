package org.templatevault.rotation;

import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.Vacuum;

/** What follows a rotation: the former rows' room is freed, in the background and outside any transaction. */
@ApplicationScoped
class TidyUp {
    private static final System.Logger LOG = System.getLogger(TidyUp.class.getName());

    /**
     * By then the transactions that still saw the former rows have ended, and PostgreSQL has counted the updates, which
     * it does up to 10 seconds later: counted after a vacuum they would bring autovacuum for nothing.
     */
    private static final long DELAY_SECONDS = 12;

    private volatile @Nullable Future<?> next;

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    Vacuum vacuum;

    /** Sees to it that the tables are vacuumed soon; an obstacle is logged, and autovacuum does it in its own time. */
    void soon() {
        next = executor.schedule(this::vacuum, DELAY_SECONDS, TimeUnit.SECONDS);
    }

    /** Leaves it to autovacuum. */
    @PreDestroy
    void stop() {
        Future<?> planned = next;
        if (planned != null) {
            planned.cancel(false);
        }
    }

    private void vacuum() {
        try {
            vacuumIfAllowed();
        } catch (RuntimeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The vacuum after the rotation is left to autovacuum: " + e.getMessage());
        }
    }

    private void vacuumIfAllowed() {
        if (transactions.read(vacuum::isAllowed)) {
            vacuum.run();
            LOG.log(System.Logger.Level.INFO, "The tables were vacuumed after the rotation");
        } else {
            LOG.log(
                    System.Logger.Level.INFO,
                    "The vacuum after the rotation is left to autovacuum: the database user lacks the right MAINTAIN");
        }
    }
}
