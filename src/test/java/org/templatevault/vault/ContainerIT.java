package org.templatevault.vault;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.annotation.Resource;
import jakarta.inject.Inject;
import jakarta.transaction.UserTransaction;
import java.io.File;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.templatevault.crypto.Aead;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Rotations;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.rotation.RotationLedger;
import org.templatevault.rotation.RotationReports;
import org.templatevault.rotation.RotationRequest;
import org.templatevault.testing.ContainerHome;

/** The beans as the container makes them, from inside of it: the packaged application and this class. */
@ExtendWith({ContainerHome.class, ArquillianExtension.class})
class ContainerIT {
    private static final byte[] TEMPLATE = "a template".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    @Inject
    TemplateVault templates;

    @Inject
    SubjectVault subjects;

    @Inject
    KeyRings keyRings;

    @Inject
    RotationLedger rotations;

    @Inject
    RotationReports reports;

    @Inject
    Rotations rotationRows;

    @Inject
    Transactions transactions;

    @Inject
    Templates rows;

    @Inject
    AuditEntries entries;

    @Inject
    SubjectKeys keyRows;

    @Resource(lookup = "jdbc/vault")
    DataSource database;

    @Inject
    UserTransaction containersTransaction;

    private final UUID subject = UUID.randomUUID();

    @Deployment
    static WebArchive application() {
        return ShrinkWrap.createFromZipFile(WebArchive.class, new File("target/vault.war"))
                .addClasses(ContainerIT.class, ContainerHome.class);
    }

    private Templates.Metadata store() {
        try (NewTemplate template = new NewTemplate(
                new TemplateAttributes("FACE", null, "OPAQUE", null, null, null),
                new Payload(TEMPLATE.clone(), null))) {
            return templates.store(subject, template, "somebody", null);
        }
    }

    private void isReadable(Templates.Metadata stored) {
        try (TemplateVault.Opened opened = templates.read(subject, stored.id(), null, "verification")) {
            assertArrayEquals(TEMPLATE, opened.payload().template());
            assertEquals("somebody", opened.metadata().createdBy());
        }
    }

    @Test
    void storesReadsAndErases() {
        Templates.Metadata stored = store();
        isReadable(stored);
        subjects.erase(subject, 1, "retention", "somebody");
        assertThrows(VaultException.class, () -> isReadable(stored));
        assertThrows(SubjectErasedException.class, this::store);
    }

    @Test
    void refusesAKeyRowOfAnotherSubject() {
        store();
        var row = subjects.describe(subject);
        DataKeys keys = jakarta.enterprise
                .inject
                .spi
                .CDI
                .current()
                .select(DataKeys.class)
                .get();
        keys.open(subject, row).close();
        assertThrows(AuthenticationFailedException.class, () -> keys.open(UUID.randomUUID(), row));
    }

    @Test
    void rotatesByTheBatchJob() throws InterruptedException {
        Templates.Metadata stored = store();
        int before = keyRings.current().active().version();
        assertEquals(before, subjects.describe(subject).kekVersion());
        rotate(stored);
    }

    /** While a batch makes its subjects, the ring may get another active version. */
    @Test
    void countsNewSubjectsUnderTheVersionOfEach() throws Exception {
        rotate(store());
        int active = keyRings.current().active().version();
        containersTransaction.begin();
        try {
            List<UUID> added = keyRows.insertAll(List.of(row(active - 1), row(active)), Map.of());
            assertEquals(2, added.size());
        } finally {
            containersTransaction.rollback();
        }
    }

    private static SubjectKeyRow row(int version) {
        return new SubjectKeyRow(
                UUID.randomUUID(),
                1,
                1,
                version,
                version,
                "AES_256_GCM",
                "CHACHA20_POLY1305",
                new byte[DataKey.BYTES + Aead.OVERHEAD_BYTES],
                null,
                0,
                TemplateVault.now());
    }

    /** PostgreSQL ends a transaction that a stopped process has left open, and says so at its next statement. */
    @Test
    void repeatsATransactionThatTheDatabaseHasEndedSinceItWasSilent() {
        store();
        AtomicInteger attempts = new AtomicInteger();
        transactions.run(() -> {
            if (attempts.incrementAndGet() == 1) {
                fallSilent();
            }
            assertEquals(subject, subjects.describe(subject).subjectId());
        });
        assertEquals(2, attempts.get());
    }

    private void fallSilent() {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set local idle_in_transaction_session_timeout = 100");
            Thread.sleep(500);
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void rotate(Templates.Metadata stored) throws InterruptedException {
        Rotations.Row asked = rotations
                .request(new RotationRequest("reencrypt", "manual", null, null, null), "somebody", null)
                .row();
        long end = System.nanoTime() + 60_000_000_000L;
        while (!reports.of(asked.id()).row().state().equals("DRAINED")) {
            isReadable(stored);
            if (System.nanoTime() > end) {
                throw new AssertionError("The rotation is " + reports.of(asked.id()));
            }
            Thread.sleep(200);
        }
        assertEquals(asked.toVersion(), keyRings.refresh().active().version());
        assertEquals(asked.toVersion(), subjects.describe(subject).kekVersion(), "not what an earlier look found");
        isReadable(stored);
    }

    @Test
    void takesAnObstacleOnlyForTheStateInWhichItStandsInTheWay() {
        store();
        UUID rotation = rotations
                .request(new RotationRequest("rewrap", "manual", null, null, 1), "somebody", null)
                .row()
                .id();
        try {
            transactions.run(() -> rotationRows.setObstacle("FAILED", "a repair"));
            Rotations.Row row = reports.of(rotation).row();
            assertNull(row.endedAt());
            assertNull(row.obstacle());
        } finally {
            rotations.cancel(rotation);
        }
    }

    /** As a chunk of a batch job has one. */
    @Test
    void tellsTheTrailOfRowsThatGoInATransactionWhichTheContainerEnds() throws Exception {
        Templates.Metadata stored = store();
        containersTransaction.begin();
        rows.delete(subject, stored.id());
        containersTransaction.rollback();
        assertEquals(0, removals(stored));
        containersTransaction.begin();
        rows.delete(subject, stored.id());
        containersTransaction.commit();
        assertEquals(1, removals(stored));
    }

    private long removals(Templates.Metadata stored) {
        AuditEntries.Filter work = new AuditEntries.Filter(null, null, "vault: work", "allowed", "vault", null);
        return entries.page(work, null, 1000).stream()
                .filter(entry -> entry.line().contains("\"removed\":")
                        && entry.line().contains(stored.id().toString()))
                .count();
    }
}
