package org.templatevault.destruction;

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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;

/** Carries destructions on, step by step, on the one node that holds the lease. */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class DestructionDriver {
    private static final System.Logger LOG = System.getLogger(DestructionDriver.class.getName());
    private static final String LEASE = "destruction";
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
    Destructions destructions;

    @Inject
    DestructionSteps steps;

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

    private void advanceAsFarAsPossible() {
        List<Destructions.Row> before = List.of();
        List<Destructions.Row> open = transactions.read(destructions::open);
        while (!open.equals(before)) {
            open.forEach(steps::advance);
            before = open;
            open = transactions.read(destructions::open);
        }
    }

    private void tick() {
        try {
            Optional<Long> lease = transactions.call(() -> leases.hold(LEASE, node.id(), LEASE_TIME));
            if (lease.isPresent() && keyRings.isReady()) {
                advanceAsFarAsPossible();
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
            LOG.log(System.Logger.Level.WARNING, "The destruction's next step has to wait: " + message, failure);
        }
    }
}
