package org.templatevault.keyring;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.RowsInUse;
import org.templatevault.persistence.Transactions;

/** Tells the other nodes that this one is alive and what its key ring holds, and reads the ring anew when it is old. */
@ApplicationScoped
public class NodeReport {
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
    DestroyedRootKeys destroyed;

    /** Reports, and reports again where the ring was old. */
    public void report() {
        KeyRing ring = keyRings.current();
        if (!send(ring).equals(ring.versions())) {
            KeyRing fresh = keyRings.refresh();
            keyRings.prepareWraps();
            send(fresh);
            destroyed.look();
        }
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
