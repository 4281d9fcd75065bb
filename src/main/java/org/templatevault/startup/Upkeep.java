package org.templatevault.startup;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.Repeated;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.RootKeyWatch;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Interactions;

/**
 * What has to be done now and then on any node: fold counts, forget old idempotency keys, notice new key versions, write the
 * days of interactions.
 */
@Singleton
@jakarta.ejb.Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class Upkeep {
    private static final System.Logger LOG = System.getLogger(Upkeep.class.getName());
    private static final long EVERY_SECONDS = 60;
    private static final long FIGURES_SECONDS = 5;
    private static final long INTERACTIONS_SECONDS = 1;
    private static final Duration IDEMPOTENCY_KEPT = Duration.ofHours(24);
    private static final Duration PURGE = Duration.ofSeconds(30);

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    SubjectCounts counts;

    @Inject
    Idempotency idempotency;

    @Inject
    KeyRings keyRings;

    @Inject
    RootKeyWatch rootKeys;

    @Inject
    Gauges gauges;

    @Inject
    Interactions interactions;

    private @Nullable Future<?> task;
    private @Nullable Future<?> days;
    private @Nullable Future<?> figures;

    /** Begins. */
    @PostConstruct
    public void start() {
        gauges.register();
        figures = executor.scheduleWithFixedDelay(Repeated.of(this::readFigures), 1, FIGURES_SECONDS, TimeUnit.SECONDS);
        days = executor.scheduleWithFixedDelay(
                Repeated.of(this::writeInteractions), INTERACTIONS_SECONDS, INTERACTIONS_SECONDS, TimeUnit.SECONDS);
        task = executor.scheduleWithFixedDelay(Repeated.of(this::run), EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
    }

    /** Ends with the application. */
    @PreDestroy
    public void stop() {
        cancel(task);
        cancel(figures);
        cancel(days);
        writeInteractions();
    }

    private static void cancel(@Nullable Future<?> running) {
        if (running != null) {
            running.cancel(false);
        }
    }

    private void writeInteractions() {
        try {
            interactions.write();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "The days of interactions have to wait: " + e.getMessage());
        }
    }

    private void readFigures() {
        try {
            gauges.read();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "The figures stay as they are: " + e.getMessage());
        }
    }

    private void run() {
        attempt("The key ring", keyRings::refresh);
        attempt("The look for root keys", rootKeys::look);
        attempt("The folding of counts", () -> transactions.run(counts::fold));
        attempt("The purge of idempotency keys", this::purge);
    }

    /** What cannot be done now does not keep the others from being done. */
    private static void attempt(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, what + " has to wait: " + e.getMessage());
        }
    }

    private void purge() {
        long end = System.nanoTime() + PURGE.toNanos();
        boolean more = true;
        while (more && System.nanoTime() < end) {
            more = transactions.call(() -> idempotency.purge(Instant.now().minus(IDEMPOTENCY_KEPT)));
        }
    }
}
