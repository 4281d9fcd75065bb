package org.templatevault.vault;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.config.Settings;
import org.templatevault.crypto.Suite;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.PackedPayload;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.envelope.TemplateEnvelope;
import org.templatevault.persistence.Erasures;
import org.templatevault.persistence.Holds;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.SubjectKeys.Touched;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.vault.Sealing.Place;

/** One template at a time: store, read, replace, list, delete. */
@ApplicationScoped
public class TemplateVault {
    /** A template's open columns and its opened payload; the caller closes it. */
    public record Opened(Templates.Metadata metadata, Payload payload) implements AutoCloseable {
        @Override
        public void close() {
            payload.close();
        }
    }

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
    ReadLatency readLatency;

    @Inject
    Policies policies;

    @Inject
    Holds holds;

    @Inject
    Interactions interactions;

    /**
     * Stores a new template; an unknown subject is made with it.
     *
     * <p>For a known subject four round trips: the idempotency key where there is one, the subject's row, the template,
     * the commit.
     *
     * @throws SubjectErasedException if the subject was erased, also while this was under way
     */
    public Templates.Metadata store(UUID subject, NewTemplate template, String caller, @Nullable RequestKey key) {
        rules.check(template);
        try (PackedPayload packed = TemplateEnvelope.pack(template.payload())) {
            Place place = new Place(subject, UuidCreator.getTimeOrderedEpoch(), 1);
            OldestWrap oldest = new OldestWrap();
            return transactions.call(() -> {
                Instant now = now();
                Optional<Idempotency.Row> earlier =
                        replays.claim(key, 201, subject, place.template(), place.version(), now);
                return earlier.isPresent()
                        ? replay(earlier.get())
                        : storeFirst(place, template, packed, caller, oldest, now);
            });
        }
    }

    private Templates.Metadata replay(Idempotency.Row earlier) {
        UUID subject = earlier.subjectId();
        UUID template = earlier.resourceId();
        if (subject == null || template == null) {
            throw new SubjectErasedException(null);
        }
        return templates.versions(subject, template).stream()
                .filter(metadata -> Integer.valueOf(metadata.version()).equals(earlier.version()))
                .findFirst()
                .orElseThrow(TemplateDeletedException::new);
    }

    private Templates.Metadata storeFirst(
            Place place, NewTemplate template, PackedPayload packed, String caller, OldestWrap oldest, Instant now) {
        Optional<Touched> known = subjectKeys.touch(place.subject(), packed.envelopeLength());
        if (known.isEmpty()) {
            return storeForNewSubject(place, template, packed, caller, oldest, now);
        }
        RetentionVault.requireSame(template.policy(), known.get().policy());
        Templates.Metadata stored = storeForKnown(place, known.get(), template.attributes(), packed, caller, now);
        interactions.enrolled(place.subject(), known.get().lastInteractionOn());
        return stored;
    }

    private Templates.Metadata storeForKnown(
            Place place,
            Touched touched,
            TemplateAttributes attributes,
            PackedPayload packed,
            String caller,
            Instant now) {
        requireRoom(touched.row().storedBytes());
        SubjectKeyRow row = mover.fit(touched, now);
        try (DataKey key = dataKeys.open(place.subject(), row)) {
            Templates.Metadata stored = insert(place, row, key, attributes, packed, caller, now);
            holdIfMoved(touched, row);
            return stored;
        }
    }

    /** Last before the commit, where a new DEK was wrapped. */
    private void holdIfMoved(Touched touched, SubjectKeyRow row) {
        if (SubjectMover.isMoved(touched, row)) {
            dataKeys.holdActive(row.kekVersion());
        }
    }

    private Templates.Metadata storeForNewSubject(
            Place place, NewTemplate template, PackedPayload packed, String caller, OldestWrap oldest, Instant now) {
        rules.checkNewSubject(place.subject());
        String policy = template.policy() == null ? Policies.DEFAULT : template.policy();
        if (template.policy() != null) {
            RetentionVault.requireKnown(policies, policy);
        }
        requireRoom(packed.envelopeLength());
        try (DataKey key = DataKey.generate()) {
            SubjectKeyRow row = dataKeys.newRow(place.subject(), key, null, packed.envelopeLength(), oldest, now);
            if (subjectKeys
                    .insertAll(List.of(row), Map.of(place.subject(), policy))
                    .isEmpty()) {
                throw new TryAgainException("The subject was made by somebody else meanwhile");
            }
            // After the insert: an erasure that committed before it is seen, and a later one waits for this row.
            requireNotErased(place.subject());
            Templates.Metadata stored = insert(place, row, key, template.attributes(), packed, caller, now);
            dataKeys.holdActive(row.kekVersion());
            return stored;
        }
    }

    private Templates.Metadata insert(
            Place place,
            SubjectKeyRow row,
            DataKey key,
            TemplateAttributes attributes,
            PackedPayload packed,
            String caller,
            Instant now) {
        Suite suite = DataKeys.suite(row.dataSuite());
        TemplateRow sealed = sealing.seal(place, key, row.dekNumber(), suite, attributes, packed, now, caller);
        templates.insert(sealed);
        return metadata(row, sealed);
    }

    /**
     * Stores a new version of a template.
     *
     * @param expected the version that the caller replaces
     * @throws StaleVersionException if another version is the present one
     */
    public Templates.Metadata replace(UUID subject, UUID template, int expected, NewTemplate content, String caller) {
        rules.check(content);
        try (PackedPayload packed = TemplateEnvelope.pack(content.payload())) {
            return transactions.call(() -> {
                Touched touched =
                        subjectKeys.touch(subject, packed.envelopeLength()).orElseThrow(() -> absent(subject));
                requireVersion(subject, template, expected);
                return storeNext(
                        new Place(subject, template, expected + 1),
                        touched,
                        touched.row().storedBytes(),
                        content.attributes(),
                        packed,
                        caller);
            });
        }
    }

    /**
     * Stores the next version; the caller's transaction holds the subject's row.
     *
     * @param storedBytes of the subject, with those of this version
     */
    Templates.Metadata storeNext(
            Place place,
            Touched touched,
            long storedBytes,
            TemplateAttributes attributes,
            PackedPayload packed,
            String caller) {
        Instant now = now();
        SubjectKeyRow row = mover.fit(touched, now);
        try (DataKey key = dataKeys.open(place.subject(), row)) {
            Templates.Metadata stored = insert(place, row, key, attributes, packed, caller, now);
            requireRoom(storedBytes - trim(place));
            holdIfMoved(touched, row);
            return stored;
        }
    }

    /** Refuses if the present version is another than the one expected. */
    void requireVersion(UUID subject, UUID template, int expected) {
        int found = presentVersion(subject, template);
        if (found != expected) {
            throw new StaleVersionException(expected, found);
        }
    }

    private int presentVersion(UUID subject, UUID template) {
        return templates
                .metadata(subject, template)
                .orElseThrow(TemplateNotFoundException::new)
                .version();
    }

    private long trim(Place newest) {
        long freed = templates
                .trim(newest.subject(), newest.template(), newest.version(), settings.versionsKept())
                .bytes();
        if (freed > 0) {
            subjectKeys.addStoredBytes(newest.subject(), -freed);
        }
        return freed;
    }

    /**
     * Opens one version of a template: one query, no lock.
     *
     * @param version null for the newest
     * @param purpose what the caller reads it for; decides whether the person is taken to be there
     */
    public Opened read(UUID subject, UUID template, @Nullable Integer version, String purpose) {
        long started = System.nanoTime();
        try {
            return open(subject, template, version, purpose);
        } finally {
            readLatency.record(started);
        }
    }

    private Opened open(UUID subject, UUID template, @Nullable Integer version, String purpose) {
        Templates.Sealed found = transactions
                .read(() -> templates.find(subject, template, version))
                .orElseThrow(() -> absentTemplate(subject));
        SubjectKeyRow row = found.key();
        int asked = version == null ? found.template().version() : version;
        try (DataKey key = dataKeys.open(subject, row)) {
            Payload payload = sealing.open(
                    new Place(subject, template, asked),
                    key,
                    row.dekNumber(),
                    DataKeys.suite(row.dataSuite()),
                    found.template());
            interactions.read(subject, purpose, found.lastInteractionOn());
            return new Opened(metadata(row, found.template()), payload);
        }
    }

    /** The open columns of the newest version. */
    public Templates.Metadata describe(UUID subject, UUID template) {
        return transactions
                .read(() -> templates.metadata(subject, template))
                .orElseThrow(() -> absentTemplate(subject));
    }

    /** The newest version of each of a subject's templates. */
    public List<Templates.Metadata> list(UUID subject, @Nullable String modality) {
        String wanted = modality == null ? null : rules.modality(modality);
        List<Templates.Metadata> found = transactions.read(() -> templates.newest(subject, wanted));
        if (found.isEmpty() && subjectKeys.find(subject).isEmpty()) {
            throw absent(subject);
        }
        return found;
    }

    /** The versions of a template that are kept, newest first. */
    public List<Templates.Metadata> versions(UUID subject, UUID template) {
        List<Templates.Metadata> found = transactions.read(() -> templates.versions(subject, template));
        if (found.isEmpty()) {
            throw absentTemplate(subject);
        }
        return found;
    }

    /**
     * Removes a template with all its versions.
     *
     * @param expected the version that must be the present one; null for whichever it is
     */
    public void delete(UUID subject, UUID template, @Nullable Integer expected) {
        transactions.run(() -> {
            if (subjectKeys.touch(subject, 0).isEmpty()) {
                throw absent(subject);
            }
            if (!holds.among(List.of(subject)).isEmpty()) {
                throw LegalHoldException.stops();
            }
            int present = presentVersion(subject, template);
            if (expected != null && expected != present) {
                throw new StaleVersionException(expected, present);
            }
            subjectKeys.addStoredBytes(
                    subject, -templates.delete(subject, template).bytes());
        });
    }

    private void requireRoom(long storedBytes) {
        if (storedBytes > settings.subjectMaxBytes()) {
            throw InvalidTemplateException.subjectFull(settings.subjectMaxBytes());
        }
    }

    private void requireNotErased(UUID subject) {
        erasures.find(dataKeys.tombstones(subject)).ifPresent(erasure -> {
            throw new SubjectErasedException(erasure);
        });
    }

    private RuntimeException absentTemplate(UUID subject) {
        return erasures.find(dataKeys.tombstones(subject))
                .<RuntimeException>map(SubjectErasedException::new)
                .orElseGet(TemplateNotFoundException::new);
    }

    RuntimeException absent(UUID subject) {
        return erasures.find(dataKeys.tombstones(subject))
                .<RuntimeException>map(SubjectErasedException::new)
                .orElseGet(SubjectNotFoundException::new);
    }

    static Templates.Metadata metadata(SubjectKeyRow key, TemplateRow row) {
        return new Templates.Metadata(
                row.subjectId(),
                row.id(),
                row.version(),
                key.kekVersion(),
                key.dataSuite(),
                row.modality(),
                row.position(),
                row.format(),
                row.quality(),
                row.extractorName(),
                row.extractorVersion(),
                row.createdAt(),
                row.createdBy());
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
