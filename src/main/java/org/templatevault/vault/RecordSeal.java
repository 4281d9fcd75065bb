package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Hmac;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Erasures;

/**
 * Says of an exported record that this vault has made it: whoever brings one in may not make one up, since its receipt is
 * signed like any other. HMAC-SHA-256 (RFC 2104) under the key of the record's tombstone, which a restored database has as
 * well.
 */
@ApplicationScoped
public class RecordSeal {
    private static final String LABEL = "tv/erasure-record";

    @Inject
    KeyRings keyRings;

    /** 32 bytes over all that the record says; nothing if this vault has no tombstone key of that number. */
    public Optional<Bytes> of(Erasures.Exported record) {
        return keyRings.current().serviceKeys(ServicePurpose.TOMBSTONE).stream()
                .filter(key -> key.number() == record.keyNumber())
                .findFirst()
                .map(key -> Bytes.of(Hmac.sha256(key.key(), message(record))));
    }

    /** Whether this vault has made the record as it is. */
    public boolean isRight(Erasures.Exported record, Bytes given) {
        return of(record)
                .filter(mac -> Hmac.equal(mac.toArray(), given.toArray()))
                .isPresent();
    }

    private byte[] message(Erasures.Exported record) {
        Erasures.Row row = record.row();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        add(message, LABEL);
        add(message, keyRings.current().vaultId());
        add(message, row.id());
        add(message, record.tag().toArray());
        add(message, record.keyNumber());
        add(message, row.pseudonym() == null ? new byte[0] : row.pseudonym().toArray());
        add(message, row.reason());
        add(message, row.requestedBy());
        add(message, row.logicalAt());
        add(message, row.kekVersion());
        add(message, row.firstKekVersion());
        add(message, row.lastKekVersion());
        add(message, row.templates());
        add(message, row.released());
        return message.toByteArray();
    }

    private static void add(ByteArrayOutputStream message, @Nullable Object field) {
        add(message, String.valueOf(field).getBytes(StandardCharsets.UTF_8));
    }

    /** With its length before it: no two records have the same bytes. */
    private static void add(ByteArrayOutputStream message, byte[] field) {
        message.writeBytes(
                ByteBuffer.allocate(Integer.BYTES).putInt(field.length).array());
        message.writeBytes(field);
    }
}
