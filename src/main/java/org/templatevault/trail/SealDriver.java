package org.templatevault.trail;

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
import org.templatevault.error.Repeated;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ThisNode;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Leases;
import org.templatevault.persistence.Transactions;

/**
 * Seals twice a second what waits, on the one node that holds the lease, and tells the newest block outside. Only a backlog
 * is sealed without a pause: where entries keep coming, there would be no end of small blocks, each with its commit.
 */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class SealDriver {
    private static final System.Logger LOG = System.getLogger(SealDriver.class.getName());
    private static final String LEASE = "audit";
    private static final Duration LEASE_TIME = Duration.ofSeconds(5);
    private static final long EVERY_MILLIS = 500;
    private static final long UPKEEP_SECONDS = 60;

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    Transactions transactions;

    @Inject
    Leases leases;

    @Inject
    AuditEntries entries;

    @Inject
    AuditBlocks blocks;

    @Inject
    Sealer sealer;

    @Inject
    Checkpoints checkpoints;

    @Inject
    Refusals refusals;

    @Inject
    KeyRings keyRings;

    @Inject
    ThisNode node;

    private @Nullable Future<?> sealing;
    private @Nullable Future<?> upkeep;
    private String obstacle = "";

    /** Begins. */
    @PostConstruct
    public void start() {
        sealing = executor.scheduleWithFixedDelay(
                Repeated.of(this::tick), EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
        upkeep = executor.scheduleWithFixedDelay(
                Repeated.of(this::upkeep), UPKEEP_SECONDS, UPKEEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Ends with the application; what waits is sealed by another node or at the next start. */
    @PreDestroy
    public void stop() {
        cancel(sealing);
        cancel(upkeep);
        try {
            refusals.flush();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "Counted refusals are lost: " + e.getMessage());
        }
    }

    private static void cancel(@Nullable Future<?> running) {
        if (running != null) {
            running.cancel(false);
        }
    }

    private void tick() {
        if (!keyRings.isReady()) {
            return;
        }
        try {
            Sealer.Sealed sealed;
            do {
                sealed = transactions.read(entries::isWaiting) ? seal() : Sealer.Sealed.NOTHING;
                sealed.blocks().forEach(checkpoints::tell);
            } while (sealed.full());
            checkpoints.sendNewest();
            obstacle = "";
        } catch (RuntimeException e) {
            report(e);
        }
    }

    private Sealer.Sealed seal() {
        Optional<Long> token = transactions.call(() -> leases.hold(LEASE, node.id(), LEASE_TIME));
        return token.isPresent() ? sealer.seal(token.get()) : Sealer.Sealed.NOTHING;
    }

    /** An obstacle that lasts is logged once, not at every step. */
    private void report(RuntimeException failure) {
        String message = String.valueOf(failure.getMessage());
        if (!message.equals(obstacle)) {
            obstacle = message;
            LOG.log(System.Logger.Level.WARNING, "The trail's next block has to wait: " + message, failure);
        }
    }

    private void upkeep() {
        try {
            refusals.flush();
            transactions.run(blocks::makeMonths);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "The trail's upkeep has to wait: " + e.getMessage());
        }
    }
}
