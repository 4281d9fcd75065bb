package org.templatevault.job;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.Repeated;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;

/**
 * Work that is looked at every second, on the one node that holds its lease, once the key ring is read. Each transaction
 * of it that changes anything has an entry in the audit trail; a look that changes nothing has none. A failure ends
 * nothing: the next second tries again.
 */
@Dependent
public class LeasedTicks {
    private static final System.Logger LOG = System.getLogger(LeasedTicks.class.getName());
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

    private @Nullable Future<?> ticks;
    private String obstacle = "";

    /** Begins; the lease has the name of the work. */
    public void begin(String name, Runnable work) {
        ticks = executor.scheduleWithFixedDelay(
                Repeated.of(() -> tick(name, work)), STEP_SECONDS, STEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Leaves what is under way to the next start, or to another node. */
    public void end() {
        Future<?> running = ticks;
        if (running != null) {
            running.cancel(false);
        }
    }

    private void tick(String name, Runnable work) {
        if (!keyRings.isReady()) {
            return;
        }
        try {
            if (transactions
                    .call(() -> leases.holdInTime(name, node.id(), LEASE_TIME))
                    .isPresent()) {
                AuditContext.inVault(name, work);
            }
            obstacle = "";
        } catch (RuntimeException e) {
            report(name, e);
        }
    }

    /** An obstacle that lasts is logged once, not at every step. */
    private void report(String name, RuntimeException failure) {
        String message = String.valueOf(failure.getMessage());
        if (!message.equals(obstacle)) {
            obstacle = message;
            LOG.log(System.Logger.Level.WARNING, "The next step of the " + name + " has to wait: " + message, failure);
        }
    }
}
