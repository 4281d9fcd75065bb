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
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.Repeated;
import org.templatevault.keyring.NodeReport;

/** Says every second that this node is alive and what its key ring holds, and reads the ring anew when it is old. */
@Singleton
@jakarta.ejb.Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class Heartbeat {
    private static final System.Logger LOG = System.getLogger(Heartbeat.class.getName());
    private static final long EVERY_SECONDS = 1;

    @Resource
    ManagedScheduledExecutorService executor;

    @Inject
    NodeReport report;

    private @Nullable Future<?> beats;
    private boolean silent;

    /** Begins. */
    @PostConstruct
    public void start() {
        beats = executor.scheduleWithFixedDelay(Repeated.of(this::beat), 0, EVERY_SECONDS, TimeUnit.SECONDS);
    }

    /** Ends with the application; the others need not wait for this node. */
    @PreDestroy
    public void stop() {
        Future<?> running = beats;
        if (running != null) {
            running.cancel(false);
        }
        try {
            report.leave();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "The others will notice that this node is silent", e);
        }
    }

    private void beat() {
        try {
            report.report();
            silent = false;
        } catch (RuntimeException e) {
            if (!silent) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "This node cannot keep up with its key versions: " + e.getMessage());
            }
            silent = true;
        }
    }
}
