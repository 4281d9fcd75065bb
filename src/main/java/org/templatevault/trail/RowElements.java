package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.Hmac;
import org.templatevault.keyring.KeyRing;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.TemplateIdentityRow;

/**
 * Computes what the trail says of a template row: HMAC under the key ROW_HASH of all that the row says of itself but its
 * envelope and the number of its DEK, so that a rotation changes nothing. A time that the vault has never written, such as
 * infinity, is left out: no row comes with such an element, and one that was changed so can still go.
 */
@ApplicationScoped
class RowElements {
    @Inject
    KeyRings keyRings;

    Element of(TemplateIdentityRow row) {
        KeyRing ring = keyRings.current();
        byte[] identity = AssociatedData.of("tv/row", ring.vaultId())
                .add(row.subjectId())
                .add(row.id())
                .add(row.version())
                .add(row.modality())
                .addOptional(row.position())
                .add(row.format())
                .addOptional(row.quality())
                .addOptional(row.extractorName())
                .addOptional(row.extractorVersion())
                .addIfBound(row.createdAt())
                .add(row.createdBy())
                .toBytes();
        byte[] subject = AssociatedData.of("tv/row-bucket", ring.vaultId())
                .add(row.subjectId())
                .toBytes();
        var key = ring.serviceKey(ServicePurpose.ROW_HASH).key();
        int bucket = Byte.toUnsignedInt(Hmac.sha256(key, subject)[0]) % BucketSums.BUCKETS;
        return new Element(row.id(), row.version(), bucket, Bytes.of(Hmac.sha256(key, identity)));
    }
}
