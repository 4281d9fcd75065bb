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
import java.util.UUID;
import java.util.stream.Collectors;
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

    /**
     * One that cannot go on, for want of a token say, holds up none of the others. A full pass goes on in the next tick,
     * which renews the lease.
     */
    private void advanceAsFarAsPossible() {
        Map<Integer, RuntimeException> stuck = new LinkedHashMap<>();
        Map<UUID, String> before = Map.of();
        List<Destructions.Row> open = transactions.read(destructions::open);
        while (!steps(open).equals(before)) {
            open.stream().filter(row -> !stuck.containsKey(row.version())).forEach(row -> advance(row, stuck));
            before = steps(open);
            open = transactions.read(destructions::open);
        }
        if (!stuck.isEmpty()) {
            throw all(stuck);
        }
    }

    private static Map<UUID, String> steps(List<Destructions.Row> open) {
        return open.stream().collect(Collectors.toMap(Destructions.Row::id, row -> row.state() + row.goneAtLsn()));
    }

    private static RuntimeException all(Map<Integer, RuntimeException> stuck) {
        RuntimeException all = new IllegalStateException(stuck.entrySet().stream()
                .map(one ->
                        "key version " + one.getKey() + ": " + one.getValue().getMessage())
                .collect(Collectors.joining("; ")));
        stuck.values().forEach(all::addSuppressed);
        return all;
    }

    private void advance(Destructions.Row row, Map<Integer, RuntimeException> stuck) {
        try {
            steps.advance(row);
        } catch (RuntimeException e) {
            stuck.put(row.version(), e);
        }
    }
}
