package org.templatevault.erasure;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.ErasureRounds;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.OlderSubjects;
import org.templatevault.persistence.Reapplications;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.RecordSeal;
import org.templatevault.vault.SubjectVault;

/**
 * Erases again whom a restored database has brought back. Records and tombstones from elsewhere are taken over first;
 * then a walk over all subjects computes the tombstone of each and erases those that have one.
 */
@ApplicationScoped
public class Reapplication {
    /**
     * The present walk, or the last one.
     *
     * @param failed how many erasures the database has refused to carry out again
     * @param refused the first of them
     */
    public record Status(Reapplications.Row walk, long failed, List<UUID> refused) {
        /** FAILED where the walk has ended and somebody who was erased is there. */
        public String state() {
            return walk.state().equals("DONE") && failed > 0 ? "FAILED" : walk.state();
        }
    }

    private static final System.Logger LOG = System.getLogger(Reapplication.class.getName());

    /** How many records a request or a page has at most. */
    public static final int PAGE = 1000;

    private static final int NAMED = 100;
    private static final int STEP = 500;
    private static final Duration SLICE = Duration.ofSeconds(3);
    private static final UUID FIRST = new UUID(0, 0);

    @Inject
    Transactions transactions;

    @Inject
    Erasures erasures;

    @Inject
    Reapplications reapplications;

    @Inject
    ErasureRounds rounds;

    @Inject
    OlderSubjects subjects;

    @Inject
    SubjectVault vault;

    @Inject
    RecordSeal seal;

    /** A page of the records and tombstones of this database, after an id. */
    public List<SealedRecord> export(UUID afterId) {
        return transactions.read(() -> erasures.page(afterId, PAGE)).stream()
                .map(record -> new SealedRecord(record, seal.of(record).orElseThrow()))
                .toList();
    }

    /**
     * Takes over records and begins the walk from the first subject.
     *
     * @throws VaultException if this vault has not made one of them as it is
     */
    public Status apply(List<SealedRecord> records, String reason, String caller) {
        if (records.size() > PAGE) {
            throw new VaultException(ErrorKind.INVALID, "invalid-field", "erasures: at most " + PAGE, "erasures", null);
        }
        if (!records.stream().allMatch(one -> seal.isRight(one.record(), one.mac()))) {
            throw new VaultException(
                    ErrorKind.INVALID, "invalid-field", "mac: a record is not as this vault gave it", "mac", null);
        }
        UUID id = UuidCreator.getTimeOrderedEpoch();
        transactions.run(() -> {
            long isNew = records.stream()
                    .map(SealedRecord::record)
                    .filter(erasures::importRecord)
                    .count();
            rounds.tryRefused();
            reapplications.begin(id, isNew, reason, caller, now());
        });
        return status();
    }

    /** The present walk, or the last one. */
    public Status status() {
        Reapplications.Row walk = transactions
                .read(reapplications::find)
                .orElseThrow(() -> new VaultException(
                        ErrorKind.NOT_FOUND, "reapplication-not-found", "Erasures were never applied again here"));
        return new Status(
                walk, transactions.read(rounds::countRefused), transactions.read(() -> rounds.refused(NAMED)));
    }

    /** Walks on for some seconds, if there is a walk. A crash repeats at most one page, which changes nothing. */
    void walkOn() {
        Optional<Reapplications.Row> walk = transactions
                .read(reapplications::find)
                .filter(row -> row.state().equals("WALKING"));
        if (walk.isEmpty()) {
            return;
        }
        UUID id = walk.get().id();
        UUID reached = Optional.ofNullable(walk.get().reachedId()).orElse(FIRST);
        Instant until = Instant.now().plus(SLICE);
        while (Instant.now().isBefore(until)) {
            UUID from = reached;
            List<UUID> page = transactions.read(() -> subjects.all(from, STEP)).stream()
                    .map(OlderSubjects.Candidate::subjectId)
                    .toList();
            if (page.isEmpty()) {
                end(id);
                return;
            }
            long erased = eraseAgain(id, page);
            UUID last = page.get(page.size() - 1);
            transactions.run(() -> {
                AuditContext.note("reapplication", id + ", " + page.size() + " subjects, " + erased + " erased again");
                reapplications.reached(id, last, page.size(), erased);
            });
            reached = last;
        }
    }

    /** Patiently: it changes each record that came from elsewhere. */
    private void end(UUID id) {
        transactions.patiently(() -> transactions.call(() -> {
            boolean ended = reapplications.ended(id, now());
            if (ended) {
                rounds.walkEnded();
                AuditContext.note("reapplication", id + " DONE");
            }
            return ended;
        }));
    }

    private long eraseAgain(UUID walk, List<UUID> page) {
        Map<UUID, List<UUID>> erased = vault.erasedAmong(page);
        return erased.entrySet().stream()
                .filter(entry -> eraseAgain(walk, entry.getKey(), entry.getValue()))
                .count();
    }

    /** Whom the database refuses keeps no other from being erased; the receipts say that the subject may be there. */
    private boolean eraseAgain(UUID walk, UUID subject, List<UUID> records) {
        try {
            return vault.eraseAgain(subject, records);
        } catch (RuntimeException failure) {
            if (failure instanceof VaultException known && known.kind() == ErrorKind.UNAVAILABLE) {
                throw failure;
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    "The erasure " + records.get(0) + " cannot be carried out again, and is left",
                    failure);
            transactions.run(() -> {
                AuditContext.note("reapplication", walk + " leaves the erasure " + records.get(0));
                rounds.refuse(records);
            });
            return false;
        }
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
