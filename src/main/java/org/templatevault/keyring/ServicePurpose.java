package org.templatevault.keyring;

/** What a service key is for; one key serves one purpose. */
public enum ServicePurpose {
    /** Tags of the callers' own references. */
    REFERENCE_INDEX,
    /** Fingerprints of requests that carry an Idempotency-Key. */
    IDEMPOTENCY,
    /** Tombstones of erased subjects. */
    TOMBSTONE,
    /** What the audit trail says of each template row. */
    ROW_HASH,
    /** Signatures of certificates and of the audit trail's blocks: the seed of an Ed25519 key. */
    SIGNING
}
