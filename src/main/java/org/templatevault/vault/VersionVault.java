package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.PackedPayload;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.SubjectKeys.Touched;
import org.templatevault.persistence.TemplateRow;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Transactions;
import org.templatevault.vault.Sealing.Place;

/** Old versions of templates, and templates of old extractors. A version is never changed. */
@ApplicationScoped
public class VersionVault {
    @Inject
    Transactions transactions;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    Templates templates;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    TemplateVault vault;

    /**
     * Stores an old version once more, as the newest: the same bytes and attributes, sealed anew without leaving the vault.
     *
     * @param version the one to restore
     * @param expected the version that the caller replaces
     * @throws StaleVersionException if another version is the present one
     */
    public Templates.Metadata restore(UUID subject, UUID template, int version, int expected, String caller) {
        return transactions.call(() -> {
            Touched touched = subjectKeys.touch(subject, 0).orElseThrow(() -> vault.absent(subject));
            vault.requireVersion(subject, template, expected);
            TemplateRow old = templates
                    .find(subject, template, version)
                    .orElseThrow(TemplateNotFoundException::new)
                    .template();
            try (PackedPayload packed = open(new Place(subject, template, version), touched.row(), old)) {
                subjectKeys.addStoredBytes(subject, packed.envelopeLength());
                return vault.storeNext(
                        new Place(subject, template, expected + 1),
                        touched,
                        touched.row().storedBytes() + packed.envelopeLength(),
                        Sealing.attributes(old),
                        packed,
                        caller);
            }
        });
    }

    private PackedPayload open(Place place, SubjectKeyRow row, TemplateRow old) {
        try (DataKey key = dataKeys.open(place.subject(), row)) {
            return sealing.openPacked(place, key, row.dekNumber(), DataKeys.suite(row.dataSuite()), old);
        }
    }

    /** The templates, after one, whose newest version some extractors made: metadata only. */
    public List<Templates.Outdated> outdated(
            List<String> extractors, List<String> versions, Templates.Address after, int limit) {
        return transactions.read(() -> templates.madeBy(extractors, versions, after.subjectId(), after.id(), limit));
    }
}
