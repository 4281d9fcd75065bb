package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.UUID;
import org.templatevault.config.Settings;

/** This start of this node: another start is another node. */
@ApplicationScoped
public class ThisNode {
    private final UUID id = UUID.randomUUID();
    private final Instant startedAt = Instant.now();

    @Inject
    Settings settings;

    /** Different for each start. */
    public UUID id() {
        return id;
    }

    /** The name that the operator gave. */
    public String name() {
        return settings.nodeName();
    }

    /** When it started. */
    public Instant startedAt() {
        return startedAt;
    }
}
