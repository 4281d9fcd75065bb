package org.templatevault.erasure;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;

/** Looks every second what became true of erasures, and walks on after a restore, on the one node that holds the lease. */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class ErasureDriver {
    private static final System.Logger LOG = System.getLogger(ErasureDriver.class.getName());
    private static final String LEASE = "erasure";
    private static final Duration LEASE_TIME = Duration.ofSeconds(15);
    private static final long STEP_SECONDS = 1;

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    Leases leases;

    @Inject
    ThisNode node;

    @Inject
    KeyRings keyRings;

    @Inject
    ReceiptSteps steps;

    @Inject
    Reapplication reapplication;

    private @Nullable Future<?> ticks;
    private String obstacle = "";

    /** Begins. */
    @PostConstruct
    public void start() {
        ticks = executor.scheduleWithFixedDelay(this::tick, STEP_SECONDS, STEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Leaves what is under way to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        Future<?> running = ticks;
        if (running != null) {
            running.cancel(false);
        }
    }

    private void tick() {
        if (!keyRings.isReady()) {
            return;
        }
        try {
            Optional<Long> lease = transactions.call(() -> leases.hold(LEASE, node.id(), LEASE_TIME));
            if (lease.isPresent()) {
                reapplication.walkOn();
                steps.look();
            }
            obstacle = "";
        } catch (RuntimeException e) {
            report(e);
        }
    }

    /** An obstacle that lasts is logged once, not at every step. */
    private void report(RuntimeException failure) {
        String message = String.valueOf(failure.getMessage());
        if (!message.equals(obstacle)) {
            obstacle = message;
            LOG.log(System.Logger.Level.WARNING, "The steps of erasures have to wait: " + message, failure);
        }
    }
}
