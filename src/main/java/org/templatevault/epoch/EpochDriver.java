package org.templatevault.epoch;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import org.templatevault.job.LeasedTicks;

/** Looks every second what the standing policy makes due, on the one node that holds the lease. */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class EpochDriver {
    @Inject
    LeasedTicks ticks;

    @Inject
    EpochSchedule schedule;

    /** Begins. */
    @PostConstruct
    public void start() {
        ticks.begin("epoch", this::look);
    }

    /** Leaves what is under way to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        ticks.end();
    }

    private void look() {
        schedule.look();
    }
}
