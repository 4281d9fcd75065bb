package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.UUID;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.Suite;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.PackedPayload;
import org.templatevault.envelope.Payload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.envelope.TemplateEnvelope;
import org.templatevault.envelope.TemplateIdentity;
import org.templatevault.keyring.KeyRings;
import org.templatevault.persistence.TemplateRow;

/** Turns a packed payload into a row and a row back into its payload. */
@ApplicationScoped
public class Sealing {
    /** Where a template's row stands: whose it is and which. */
    public record Place(UUID subject, UUID template, int version) {}

    @Inject
    KeyRings keyRings;

    @Inject
    VaultMetrics metrics;

    /** A row sealed under the DEK. */
    public TemplateRow seal(
            Place place,
            DataKey key,
            int dekNumber,
            Suite suite,
            TemplateAttributes attributes,
            PackedPayload packed,
            Instant createdAt,
            String createdBy) {
        TemplateIdentity identity = new TemplateIdentity(
                keyRings.current().vaultId(),
                place.subject(),
                place.template(),
                place.version(),
                dekNumber,
                suite,
                attributes,
                createdAt,
                createdBy);
        byte[] envelope = TemplateEnvelope.seal(key.dek(), identity, packed);
        metrics.sealed(suite);
        return new TemplateRow(
                place.subject(),
                place.template(),
                place.version(),
                dekNumber,
                attributes.modality(),
                attributes.position(),
                attributes.format(),
                attributes.quality(),
                attributes.extractorName(),
                attributes.extractorVersion(),
                createdAt,
                createdBy,
                envelope);
    }

    /**
     * The payload of a row; the caller closes it.
     *
     * @param place where the caller looked, which the row must not decide
     * @param dekNumber the number of the DEK given
     * @throws AuthenticationFailedException if the row is not what was stored at this place
     */
    public Payload open(Place place, DataKey key, int dekNumber, Suite suite, TemplateRow row) {
        Payload payload = TemplateEnvelope.open(key.dek(), identity(place, dekNumber, suite, row), row.envelope());
        metrics.opened(suite);
        return payload;
    }

    /** As {@link #open}, with the payload still packed: for a re-encryption. */
    public PackedPayload openPacked(Place place, DataKey key, int dekNumber, Suite suite, TemplateRow row) {
        PackedPayload packed =
                TemplateEnvelope.openPacked(key.dek(), identity(place, dekNumber, suite, row), row.envelope());
        metrics.opened(suite);
        return packed;
    }

    private TemplateIdentity identity(Place place, int dekNumber, Suite suite, TemplateRow row) {
        if (row.dekNumber() != dekNumber || !AssociatedData.binds(row.createdAt())) {
            throw new AuthenticationFailedException();
        }
        return new TemplateIdentity(
                keyRings.current().vaultId(),
                place.subject(),
                place.template(),
                place.version(),
                dekNumber,
                suite,
                attributes(row),
                row.createdAt(),
                row.createdBy());
    }

    /** The open attributes of a row. */
    public static TemplateAttributes attributes(TemplateRow row) {
        return new TemplateAttributes(
                row.modality(),
                row.position(),
                row.format(),
                row.quality(),
                row.extractorName(),
                row.extractorVersion());
    }
}
