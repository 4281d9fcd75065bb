package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.HexFormat;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.Answer;
import org.templatevault.testing.DatabaseProxy;
import org.templatevault.testing.Hold;
import org.templatevault.testing.Rows;
import org.templatevault.testing.SharedVault;
import org.templatevault.testing.TemplateDocument;
import org.templatevault.testing.TestHome;
import org.templatevault.testing.VaultServer;

/**
 * A database that was restored or promoted may have another KEK under a number that a node knows: a backup of before a
 * rotation, in which another node has rotated since.
 */
class KekFenceIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String OPEN = "modality=IRIS&format=OPAQUE";
    private static final String READS_THE_RING = "select id from vault.vault_identity";

    private final VaultServer server = SharedVault.mortal().server();
    private final DatabaseProxy proxy = SharedVault.mortal().proxy();
    private final Rows rows = new Rows(SharedVault.mortal().home());

    private Answer store(UUID subject) {
        return server.as("enroller")
                .post("/subjects/" + subject + "/templates?" + OPEN)
                .octets(TemplateDocument.noise(100, 1))
                .send();
    }

    private String fingerprint() {
        return rows.texts("select encode(fingerprint, 'hex') from vault.key_version where state = 'ACTIVE'")
                .get(0);
    }

    private void setFingerprint(String hex) {
        rows.change("update vault.key_version set fingerprint = ? where state = 'ACTIVE'", (Object)
                HexFormat.of().parseHex(hex));
    }

    /** It stood still while the version that it has as the active one was destroyed. */
    @Test
    void comesAgainWhereTheVersionThatItWrapsUnderIsDestroyed() {
        String active = "version = (select version from vault.key_version where state = 'ACTIVE')";
        Runnable restore = rows.kept("key_material", active);
        try (Hold report = proxy.holdStatement("insert into vault.node")) {
            report.awaitHeld(PATIENCE);
            rows.change("delete from vault.key_material where " + active);
            try {
                assertEquals(503, store(UUID.randomUUID()).status());
            } finally {
                restore.run();
            }
        }
        store(UUID.randomUUID()).expect(201);
    }

    /** The node has not looked at the key versions since: its report waits. */
    @Test
    void storesNothingUnderAKekThatIsNotTheOneOfItsNumberInTheDatabase() {
        UUID subject = UUID.randomUUID();
        String own = fingerprint();
        try (Hold report = proxy.holdStatement("insert into vault.node")) {
            report.awaitHeld(PATIENCE);
            setFingerprint("00".repeat(32));
            try {
                store(subject).problem(503, "key-store-unavailable");
            } finally {
                setFingerprint(own);
            }
        }
        assertEquals(0, rows.number("select count(*) from vault.subject_key where subject_id = ?", subject));
        TestHome.await("it stores again", PATIENCE, () -> store(subject).status() == 201);
    }

    /** Whoever reads the ring may wait for a connection, and the store has one in its hand. */
    @Test
    void doesNotLetAStoreWaitForSomebodyElseWhoReadsTheKeyRing() {
        String own = fingerprint();
        try (Hold reading = proxy.holdStatement(READS_THE_RING)) {
            setFingerprint("00".repeat(32));
            try {
                reading.awaitHeld(PATIENCE);
                Answer answer = CompletableFuture.supplyAsync(() -> store(UUID.randomUUID()))
                        .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                        .join();
                answer.problem(503, "database-unavailable");
            } finally {
                setFingerprint(own);
            }
        }
        TestHome.await(
                "it stores again", PATIENCE, () -> store(UUID.randomUUID()).status() == 201);
    }

    /** The others wait for a node until it holds the KEK of the version, and not another of the same number. */
    @Test
    void doesNotSayThatItHoldsAVersionWhoseKekIsAnother() {
        String own = fingerprint();
        String holds = "select count(*) from vault.node n where exists (select 1 from vault.key_version v"
                + " where v.state = 'ACTIVE' and v.version = any(n.held))"
                + " and seen_at > clock_timestamp() - interval '5 seconds'";
        TestHome.await("the node holds it", PATIENCE, () -> rows.number(holds) > 0);
        setFingerprint("00".repeat(32));
        try {
            TestHome.await("no node says that it holds it", PATIENCE, () -> rows.number(holds) == 0);
        } finally {
            setFingerprint(own);
        }
        TestHome.await("the node holds it again", PATIENCE, () -> rows.number(holds) > 0);
    }
}
