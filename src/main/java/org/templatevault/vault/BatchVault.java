package org.templatevault.vault;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Part;
import org.templatevault.config.Settings;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Sealing.Place;

/** Stores many templates in one transaction, with a result for each. */
@ApplicationScoped
public class BatchVault {
    @Inject
    Settings settings;

    @Inject
    Rules rules;

    @Inject
    Transactions transactions;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    Templates templates;

    @Inject
    Erasures erasures;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    Replays replays;

    @Inject
    SubjectMover mover;

    @Inject
    Policies policies;

    /**
     * Stores the items; unknown subjects are made.
     *
     * @param atomic all or nothing: when one item fails, the others fail with {@code batch-rolled-back}
     * @return the outcomes in the order of the items
     */
    public List<Outcome<Templates.Metadata>> store(
            List<BatchItem> items, boolean atomic, String caller, @Nullable RequestKey key) {
        List<Outcome<Templates.Metadata>> outcomes = storeOnce(items, atomic, caller, key);
        boolean stored =
                AuditContext.current().filter(AuditContext::isLastWritten).isPresent();
        for (int i = 0; i < outcomes.size(); i++) {
            if (!stored || !outcomes.get(i).isOk()) {
                tell(items.get(i), outcomes.get(i));
            }
        }
        return outcomes;
    }

    /** What was stored has its entry already; the rest is told here. */
    private static void tell(BatchItem item, Outcome<Templates.Metadata> outcome) {
        Templates.Metadata metadata = outcome.value();
        VaultException problem = outcome.problem();
        AuditContext.part(new Part(
                item.isRefused() ? null : item.subject(),
                metadata == null ? null : metadata.id(),
                metadata == null ? null : metadata.version(),
                problem == null ? null : problem.code()));
    }

    private List<Outcome<Templates.Metadata>> storeOnce(
            List<BatchItem> items, boolean atomic, String caller, @Nullable RequestKey key) {
        OldestWrap oldest = new OldestWrap();
        try {
            return transactions.call(() -> {
                Instant now = TemplateVault.now();
                Optional<Idempotency.Row> earlier = replays.claim(key, 200, null, null, null, now);
                if (earlier.isPresent()) {
                    return replay(earlier.get());
                }
                List<Outcome<Templates.Metadata>> outcomes = write(items, caller, oldest, now);
                if (atomic && !outcomes.stream().allMatch(Outcome::isOk)) {
                    throw new RolledBackException(outcomes);
                }
                replays.remember(key, remembered(outcomes));
                return outcomes;
            });
        } catch (RolledBackException e) {
            return e.outcomes();
        }
    }

    private List<Outcome<Templates.Metadata>> write(
            List<BatchItem> items, String caller, OldestWrap oldest, Instant now) {
        try (BatchSubjects subjects = new BatchSubjects(this, oldest, now)) {
            subjects.hold(items);
            List<TemplateRow> sealed = new ArrayList<>();
            List<Outcome<Templates.Metadata>> outcomes = new ArrayList<>();
            for (BatchItem item : items) {
                outcomes.add(seal(item, subjects, sealed, caller, now));
            }
            subjects.giveBackRoom();
            templates.insertAll(sealed);
            subjects.holdActiveVersion();
            return outcomes;
        }
    }

    private Outcome<Templates.Metadata> seal(
            BatchItem item, BatchSubjects subjects, List<TemplateRow> sealed, String caller, Instant now) {
        try {
            if (item.isRefused()) {
                return Outcome.failed(item.problem());
            }
            subjects.requirePolicy(item.subject(), item.policy());
            SubjectKeyRow row = subjects.takeRoom(item.subject(), item.packed().envelopeLength());
            TemplateRow template = sealing.seal(
                    new Place(item.subject(), UuidCreator.getTimeOrderedEpoch(), 1),
                    subjects.key(item.subject()),
                    row.dekNumber(),
                    DataKeys.suite(row.dataSuite()),
                    item.attributes(),
                    item.packed(),
                    now,
                    caller);
            sealed.add(template);
            return Outcome.of(TemplateVault.metadata(row, template));
        } catch (VaultException refused) {
            return Outcome.failed(refused);
        }
    }

    private List<Outcome<Templates.Metadata>> replay(Idempotency.Row earlier) {
        List<Outcome<Templates.Metadata>> outcomes = new ArrayList<>();
        for (Idempotency.Item item : replays.items(earlier)) {
            outcomes.add(replay(item));
        }
        return outcomes;
    }

    private Outcome<Templates.Metadata> replay(Idempotency.Item item) {
        if (item.kind() != null) {
            return Outcome.failed(new VaultException(
                    ErrorKind.valueOf(item.kind()),
                    Objects.requireNonNull(item.code()),
                    "As answered to the same request before",
                    item.field(),
                    null));
        }
        UUID subject = item.subjectId();
        UUID template = item.resourceId();
        if (subject == null || template == null) {
            return Outcome.failed(new SubjectErasedException(null));
        }
        return templates.versions(subject, template).stream()
                .filter(metadata -> Integer.valueOf(metadata.version()).equals(item.version()))
                .findFirst()
                .map(Outcome::of)
                .orElseGet(() -> Outcome.failed(new TemplateDeletedException()));
    }

    private static List<Idempotency.Item> remembered(List<Outcome<Templates.Metadata>> outcomes) {
        List<Idempotency.Item> items = new ArrayList<>();
        for (int i = 0; i < outcomes.size(); i++) {
            VaultException problem = outcomes.get(i).problem();
            Templates.Metadata stored = outcomes.get(i).value();
            items.add(new Idempotency.Item(
                    i,
                    problem == null ? null : problem.kind().name(),
                    problem == null ? null : problem.code(),
                    problem == null ? null : problem.field(),
                    stored == null ? null : stored.subjectId(),
                    stored == null ? null : stored.id(),
                    stored == null ? null : stored.version()));
        }
        return items;
    }
}
