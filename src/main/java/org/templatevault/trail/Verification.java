package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.AuditVerifications;
import org.templatevault.persistence.Transactions;

/** Proves that trail and template rows are what was written, or names what is not. */
@ApplicationScoped
public class Verification {
    @Inject
    Transactions transactions;

    @Inject
    ChainCheck chain;

    @Inject
    RowCheck rowCheck;

    @Inject
    AuditEntries entries;

    @Inject
    CheckpointFile told;

    @Inject
    AuditVerifications verifications;

    private final Semaphore turn = new Semaphore(1);

    /**
     * Verifies everything as one snapshot of the database sees it; one at a time.
     *
     * @param checkpoint a checkpoint's line that somebody kept outside, beside those in this node's file
     * @throws VaultException {@code verification-running}, or naming a checkpoint that is none
     */
    public Report verify(Optional<String> checkpoint) {
        if (!turn.tryAcquire()) {
            throw new VaultException(ErrorKind.CONFLICT, "verification-running", "Another verification is under way");
        }
        try {
            // Before the snapshot begins, so that no block told up to there can be newer than the snapshot.
            long upTo = told.length();
            Report report = transactions.snapshot(() -> verifyNow(upTo, checkpoint));
            note(report);
            return report;
        } finally {
            turn.release();
        }
    }

    /** So that people see when it was done last, and what came of it. */
    private void note(Report report) {
        String caller =
                AuditContext.current().map(context -> context.caller().name()).orElse(AuditContext.VAULT);
        AuditVerifications.Row row = new AuditVerifications.Row(
                UUID.randomUUID(),
                Instant.now().truncatedTo(ChronoUnit.MICROS),
                caller,
                report.found(),
                report.blocks(),
                report.entries(),
                report.templates());
        transactions.run(() -> verifications.insert(row));
    }

    private Report verifyNow(long upTo, Optional<String> checkpoint) {
        Report report = new Report();
        BucketSums expected = chain.check(report);
        entries.forEachSealedThatWaits(entry -> report.add(Finding.of("entry-inserted", "entry", entry)));
        told.compare(upTo, report);
        checkpoint.ifPresent(line -> compare(line, report));
        rowCheck.check(expected, report);
        return report;
    }

    private void compare(String line, Report report) {
        AuditBlocks.Row checkpoint = Checkpoints.read(line).orElseThrow(Verification::notACheckpoint);
        if (chain.signed(checkpoint).isEmpty()) {
            throw notACheckpoint();
        }
        told.compare(checkpoint, report);
    }

    private static VaultException notACheckpoint() {
        return new VaultException(
                ErrorKind.INVALID,
                "invalid-field",
                "checkpoint: a line of a checkpoint file of this vault, signed by one of its keys",
                "checkpoint",
                null);
    }
}
