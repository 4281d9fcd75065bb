package org.templatevault.job;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Replicas;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.ReadLatency;

/** Says when a job has to give way: while reads on this node, or replicas, are slower than their setting. */
@ApplicationScoped
public class Backoff {
    @Inject
    Settings settings;

    @Inject
    ReadLatency readLatency;

    @Inject
    Replicas replicas;

    @Inject
    Transactions transactions;

    /** Why to give way now, in words; null for no reason. */
    public @Nullable String reason() {
        long reads = settings.backoffReadMillis() == 0 ? 0 : readLatency.slowMillis();
        if (reads > settings.backoffReadMillis()) {
            return "reads take " + reads + " ms, VAULT_BACKOFF_READ_MILLIS is " + settings.backoffReadMillis();
        }
        long lag = settings.backoffLagSeconds() == 0 ? 0 : transactions.read(replicas::lagSeconds);
        if (lag > settings.backoffLagSeconds()) {
            return "a replica lags " + lag + " s, VAULT_BACKOFF_LAG_SECONDS is " + settings.backoffLagSeconds();
        }
        return null;
    }
}
