package org.templatevault.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Approver;
import org.templatevault.testing.Invariants;
import org.templatevault.testing.TestHome;

/** A compromise whose rotation is under way, or is asked for, in a vault that comes into another database. */
class CompromiseInAnotherDatabaseIT extends CompromisedVault {
    /** After a promotion or a restore, of which here only the record of the database tells. */
    private void moveToAnotherDatabase() {
        rows.change("update vault.database_identity set timeline = timeline || '-elsewhere'");
    }

    private String newest() {
        return rows.texts("select id::text from vault.rotation order by requested_at desc limit 1")
                .get(0);
    }

    @Test
    void isTakenUpByTheVaultsOwnRotationInAnotherDatabase() {
        String first = custodian.start(compromise().add("rate", 2));
        custodian.await(first, "REENCRYPTING");
        moveToAnotherDatabase();
        custodian.await(first, "CANCELLED");
        String second = newest();
        drained(second);
        assertEquals("compromise", custodian.get(second).getString("reason"));
        acknowledged.keySet().forEach(stored -> assertTrue(dek(stored) > 1));
    }

    @Test
    void makesItsVersionInAnotherDatabaseAndStaysPausedThere() {
        String first = custodian.start(compromise().add("rate", 2));
        custodian.await(first, "REENCRYPTING");
        custodian.steer(first, "pause").expect(200);
        moveToAnotherDatabase();
        custodian.await(first, "CANCELLED");
        String second = newest();
        JsonObject paused = custodian.await(second, "PAUSED", "DRAINED");
        assertEquals("PAUSED", paused.getString("state"), paused::toString);
        assertEquals(active(), paused.getInt("toVersion"));
        assertEquals(0, paused.getInt("done"), paused::toString);
        custodian.steer(second, "resume").expect(200);
        drained(second);
        acknowledged.keySet().forEach(stored -> assertTrue(dek(stored) > 1));
    }

    /** The version that the vault makes for itself is that of one database, too. */
    @Test
    void isTakenUpOnceMoreInYetAnotherDatabase() {
        String first = custodian.start(compromise().add("rate", 2));
        custodian.await(first, "REENCRYPTING");
        moveToAnotherDatabase();
        custodian.await(first, "CANCELLED");
        String second = newest();
        custodian.await(second, "REENCRYPTING");
        moveToAnotherDatabase();
        custodian.await(second, "CANCELLED");
        String third = newest();
        drained(third);
        assertTrue(
                custodian.get(third).getInt("toVersion") > custodian.get(second).getInt("toVersion"));
        acknowledged.keySet().forEach(stored -> assertTrue(dek(stored) > 1));
    }

    @Test
    void isTakenUpWhenTheCompromisedVersionIsDestroyedAlready() {
        int version = active();
        rewrap();
        String first = custodian.start(compromise().add("version", version).add("rate", 2));
        custodian.await(first, "REENCRYPTING");
        new Approver(server).destroy(version);
        moveToAnotherDatabase();
        custodian.await(first, "CANCELLED");
        drained(newest());
        assertEquals("DESTROYED", state(version));
    }

    @Test
    void isCarriedOutWhenItIsAskedForInAnotherDatabase() {
        int version = active();
        moveToAnotherDatabase();
        custodian.start(compromise().add("version", version));
        TestHome.await(
                "the version is compromised", PATIENCE, () -> state(version).equals("COMPROMISED"));
        assertEquals("DRAINED", custodian.end(newest()).getString("state"));
        assertEquals(List.of(), Invariants.broken(rows));
        acknowledged.keySet().forEach(stored -> assertTrue(dek(stored) > 1));
    }
}
