package org.templatevault.destruction;

/** The steps of a destruction, in their order. */
public enum DestructionState {
    /** Asked for; waits for the second person. */
    REQUESTED,
    /** Approved: every template is opened under the key that its row names. */
    PASSING,
    /** Everything opened; waits for its time and for newer backups. */
    WAITING,
    /** The wrapped KEK is gone from the database. */
    MATERIAL_GONE,
    /** Every standby has replayed that. */
    REPLAYED,
    /** The root key is gone from the key store. */
    ROOT_KEY_GONE,
    /** No node holds the KEK; the certificate is signed. */
    DESTROYED,
    /** Not approved, or taken back in time. */
    CANCELLED,
    /** Something still needs the version. */
    FAILED
}
