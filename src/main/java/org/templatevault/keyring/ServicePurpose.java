package org.templatevault.keyring;

/** What a service key is for; one key serves one purpose. */
public enum ServicePurpose {
    /** Tags of the callers' own references. */
    REFERENCE_INDEX(false),
    /** Fingerprints of requests that carry an Idempotency-Key, and tags of sessions. */
    IDEMPOTENCY(true),
    /** Tombstones of erased subjects. */
    TOMBSTONE(false),
    /** What the audit trail says of each template row. */
    ROW_HASH(false),
    /** Signatures of certificates and of the audit trail's blocks: the seed of an Ed25519 key. */
    SIGNING(true);

    private final boolean renewed;

    ServicePurpose(boolean renewed) {
        this.renewed = renewed;
    }

    /**
     * Whether a compromise gives the vault a new key for it. What the others have made is looked for or added up as long as
     * it is stored, and could not be computed anew: of the erased there is nothing else left.
     */
    boolean isRenewed() {
        return renewed;
    }
}
