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
    RootKeyWatch rootKeys;

    private final MissedVersions missed = new MissedVersions(System::nanoTime);

    /** Reports, and reports again where the ring was old. A version that this node cannot have now is tried less and less often. */
    public void report() {
        KeyRing ring = keyRings.current();
        String versions = send(ring);
        if (!versions.equals(ring.versions()) && missed.isTurn(versions)) {
            String got = "";
            try {
                KeyRing fresh = keyRings.refresh();
                got = fresh.versions();
                keyRings.prepareWraps();
                send(fresh);
                rootKeys.look();
            } finally {
                missed.note(versions, got);
            }
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
