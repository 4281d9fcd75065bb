package org.templatevault.rotation;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.templatevault.keyring.ThisNode;

/** Which executions of the job run on this node, and the lease under which they may. */
@ApplicationScoped
public class RotationRuns {
    private final Map<UUID, Long> executions = new ConcurrentHashMap<>();
    private final AtomicLong leaseToken = new AtomicLong();

    @Inject
    ThisNode node;

    /** This start of this node. */
    UUID node() {
        return node.id();
    }

    /** The token of the lease that this node holds, or nothing. */
    Optional<Long> leaseToken() {
        long token = leaseToken.get();
        return token == 0 ? Optional.empty() : Optional.of(token);
    }

    void leased(long token) {
        leaseToken.set(token);
    }

    void leaseLost() {
        leaseToken.set(0);
    }

    /** Takes the rotation for an execution; false if another one on this node has it. */
    boolean begin(UUID rotation, long execution) {
        Long holder = executions.putIfAbsent(rotation, execution);
        return holder == null || holder == execution;
    }

    /** The execution that has the rotation. */
    Optional<Long> execution(UUID rotation) {
        return Optional.ofNullable(executions.get(rotation));
    }

    void end(UUID rotation, long execution) {
        executions.remove(rotation, execution);
    }
}
