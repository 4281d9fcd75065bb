package org.templatevault.destruction;

import static org.junit.jupiter.api.Assertions.assertEquals;

import jakarta.json.Json;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Custodian;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.KeyVersion;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.VaultServer;

/** A vault with a version that a rotation has left, which two people may end. */
abstract class LeftVersion {
    static final String OPEN = "modality=IRIS&format=OPAQUE";

    final VaultServer server = SharedVault.mortal().server();
    final Rows rows = new Rows(SharedVault.mortal().home());
    final Custodian custodian = new Custodian(server);
    final Approver approver = new Approver(server);
    KeyVersion left;

    /** Stores what the rotation moves. */
    abstract void enrol();

    @BeforeEach
    void leaveAVersion() {
        enrol();
        left = leaveAnother();
    }

    @AfterEach
    void nothingIsBroken() {
        assertEquals(List.of(), Invariants.broken(rows));
    }

    KeyVersion leaveAnother() {
        return version(custodian.rotate(Json.createObjectBuilder()).getInt("fromVersion"));
    }

    KeyVersion version(int number) {
        return new KeyVersion(server, number);
    }

    String askAndApprove(boolean withoutBackup) {
        String approval = left.askForApproval(withoutBackup);
        approver.approve(approval);
        return approval;
    }

    void register(String kind, Instant takenAt) {
        server.as("operator").registerCopy(kind, takenAt);
    }
}
