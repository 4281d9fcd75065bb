package org.templatevault.keyring;

/** The states of a KEK version (NIST SP 800-57 part 1, section 7). */
public enum KeyState {
    /** Made and durable; nothing is wrapped with it yet. */
    PRE_ACTIVE,
    /** The one version that wraps. */
    ACTIVE,
    /** Unwraps only. */
    DEACTIVATED,
    /** Unwraps only, and what it wrapped is to be moved first. */
    COMPROMISED,
    /** Two people have decided; it still unwraps until its material is gone. */
    DESTROYING,
    /** Its material is gone. */
    DESTROYED
}
