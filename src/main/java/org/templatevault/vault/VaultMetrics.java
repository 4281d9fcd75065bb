package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.eclipse.microprofile.metrics.Counter;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.Tag;
import org.templatevault.crypto.Suite;

/** Counts seals, opens and integrity failures; labels name suites only. */
@ApplicationScoped
public class VaultMetrics {
    private final Map<Suite, Counter> seals = new EnumMap<>(Suite.class);
    private final Map<Suite, Counter> opens = new EnumMap<>(Suite.class);
    private Counter integrityFailures;

    @Inject
    void register(MetricRegistry registry) {
        for (Suite suite : Suite.values()) {
            Tag tag = new Tag("suite", suite.name());
            seals.put(suite, registry.counter("vault_seals", tag));
            opens.put(suite, registry.counter("vault_opens", tag));
        }
        integrityFailures = registry.counter("vault_integrity_failures");
    }

    /** Begins at the start: a counter that appears with its first failure has not risen, as alerts see it. */
    void begin(@Observes @Initialized(ApplicationScoped.class) Object start) {}

    void sealed(Suite suite) {
        Objects.requireNonNull(seals.get(suite)).inc();
    }

    void opened(Suite suite) {
        Objects.requireNonNull(opens.get(suite)).inc();
    }

    /** One row did not authenticate. */
    public void integrityFailure() {
        integrityFailures.inc();
    }
}
