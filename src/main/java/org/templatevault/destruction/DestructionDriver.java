package org.templatevault.destruction;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.ejb.DependsOn;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.templatevault.job.LeasedTicks;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.Transactions;

/** Carries destructions on, step by step, on the one node that holds the lease. */
@Singleton
@Startup
@DependsOn("Startup")
@TransactionManagement(TransactionManagementType.BEAN)
public class DestructionDriver {
    @Inject
    LeasedTicks ticks;

    @Inject
    Transactions transactions;

    @Inject
    Destructions destructions;

    @Inject
    DestructionSteps steps;

    /** Begins. */
    @PostConstruct
    public void start() {
        ticks.begin("destruction", this::advanceAsFarAsPossible);
    }

    /** Leaves what is under way to the next start, or to another node. */
    @PreDestroy
    public void stop() {
        ticks.end();
    }

    /** One that cannot go on, for want of a token say, holds up none of the others. */
    private void advanceAsFarAsPossible() {
        Map<Integer, RuntimeException> stuck = new LinkedHashMap<>();
        List<Destructions.Row> before = List.of();
        List<Destructions.Row> open = transactions.read(destructions::open);
        while (!open.equals(before)) {
            open.stream().filter(row -> !stuck.containsKey(row.version())).forEach(row -> advance(row, stuck));
            before = open;
            open = transactions.read(destructions::open);
        }
        stuck.values().stream().findFirst().ifPresent(obstacle -> {
            throw obstacle;
        });
    }

    private void advance(Destructions.Row row, Map<Integer, RuntimeException> stuck) {
        try {
            steps.advance(row);
        } catch (RuntimeException e) {
            stuck.put(row.version(), e);
        }
    }
}
