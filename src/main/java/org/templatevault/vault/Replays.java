package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.Hmac;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.keyring.KeyRings;
import org.templatevault.keyring.ServiceKey;
import org.templatevault.keyring.ServicePurpose;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.Idempotency;
import org.templatevault.persistence.TryAgainException;

/** Decides whether a request with an Idempotency-Key is new, a replay, or another request under an old key. */
@ApplicationScoped
public class Replays {
    @Inject
    KeyRings keyRings;

    @Inject
    Idempotency idempotency;

    /**
     * First statement of the transaction that has the effect.
     *
     * @return nothing if the request is new and the key is now its own; else what the key stood for
     * @throws VaultException if the key stood for another request
     */
    public Optional<Idempotency.Row> claim(
            @Nullable RequestKey key,
            int status,
            @Nullable UUID subject,
            @Nullable UUID resource,
            @Nullable Integer version,
            Instant now) {
        if (key == null) {
            return Optional.empty();
        }
        ServiceKey current = keyRings.current().serviceKey(ServicePurpose.IDEMPOTENCY);
        Bytes fingerprint = fingerprint(current, key);
        Idempotency.Row mine = new Idempotency.Row(
                key.caller(), key.key(), current.number(), fingerprint, status, subject, resource, version, now);
        if (idempotency.claim(mine)) {
            return Optional.empty();
        }
        Idempotency.Row theirs = idempotency
                .find(key.caller(), key.key())
                .orElseThrow(() -> new TryAgainException("The idempotency key was just forgotten"));
        requireSameRequest(key, theirs);
        return Optional.of(theirs);
    }

    private void requireSameRequest(RequestKey key, Idempotency.Row theirs) {
        ServiceKey used = keyRings.current().serviceKeys(ServicePurpose.IDEMPOTENCY).stream()
                .filter(candidate -> candidate.number() == theirs.keyNumber())
                .findFirst()
                .orElseThrow(keyRings::outdated);
        if (!Hmac.equal(fingerprint(used, key).toArray(), theirs.fingerprint().toArray())) {
            throw new VaultException(
                    ErrorKind.IDEMPOTENCY_MISMATCH,
                    "idempotency-key-reused",
                    "This Idempotency-Key was used for another request");
        }
    }

    /** What a batch under this key came to. */
    List<Idempotency.Item> items(Idempotency.Row row) {
        return idempotency.items(row.caller(), row.key());
    }

    void remember(@Nullable RequestKey key, List<Idempotency.Item> items) {
        if (key != null) {
            idempotency.addItems(key.caller(), key.key(), items);
        }
    }

    private static Bytes fingerprint(ServiceKey serviceKey, RequestKey key) {
        return Bytes.of(Hmac.sha256(serviceKey.key(), key.requestBytes()));
    }
}
