package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.RowsInUse;
import org.templatevault.persistence.Transactions;

/** Tells the other nodes that this one is alive and what its key ring holds, and reads the ring anew when it is old. */
@ApplicationScoped
public class NodeReport {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    @Inject
    Transactions transactions;

    @Inject
    Nodes nodes;

    @Inject
    ThisNode node;

    @Inject
    KeyRings keyRings;

    @Inject
    RowsInUse rowsInUse;

    @Inject
    RootKeyWatch rootKeys;

    private volatile String missed = "";
    private volatile long missedAt;
    private volatile Duration pause = FIRST_PAUSE;

    /** Reports, and reports again where the ring was old. A version that this node cannot have now is tried less and less often. */
    public void report() {
        KeyRing ring = keyRings.current();
        String versions = send(ring);
        if (!versions.equals(ring.versions()) && isTurn(versions)) {
            KeyRing fresh = keyRings.refresh();
            keyRings.prepareWraps();
            send(fresh);
            rootKeys.look();
            note(versions, fresh.versions());
        }
    }

    private boolean isTurn(String versions) {
        return !versions.equals(missed) || System.nanoTime() - missedAt >= pause.toNanos();
    }

    private void note(String wanted, String got) {
        if (wanted.equals(got)) {
            missed = "";
            return;
        }
        boolean again = wanted.equals(missed);
        pause = again && pause.compareTo(LONGEST_PAUSE) < 0
                ? pause.multipliedBy(2)
                : again ? LONGEST_PAUSE : FIRST_PAUSE;
        missed = wanted;
        missedAt = System.nanoTime();
    }

    private String send(KeyRing ring) {
        Nodes.Seen seen = transactions.call(() -> nodes.seen(
                node.id(), node.name(), node.startedAt(), ring.fingerprints(), rowsInUse.cleared(), Instant.now()));
        rowsInUse.reported(seen.endedBelow());
        return seen.versions();
    }

    /** Takes this node off the list: the others need not wait for it. */
    public void leave() {
        transactions.run(() -> nodes.forget(node.id()));
    }
}
