package org.templatevault.erasure;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import org.templatevault.job.LeasedTicks;

/** Looks every second what became true of erasures, and walks on after a restore, on the one node that holds the lease. */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class ErasureDriver {
    @Inject
    LeasedTicks ticks;

    @Inject
    ReceiptSteps steps;

    @Inject
    Reapplication reapplication;

    /** Begins. */
    @PostConstruct
    public void start() {
        ticks.begin("erasure", this::look);
    }

    /** Leaves what is under way to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        ticks.end();
    }

    private void look() {
        try {
            reapplication.walkOn();
        } finally {
            steps.look();
        }
    }
}
