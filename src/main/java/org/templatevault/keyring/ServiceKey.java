package org.templatevault.keyring;

import org.templatevault.crypto.SecretBytes;
import org.templatevault.persistence.Bytes;

/**
 * A service key in memory.
 *
 * @param purpose what it is for
 * @param number from 1 for each purpose
 * @param key 32 bytes
 * @param wrapped what it was unwrapped from
 */
public record ServiceKey(ServicePurpose purpose, int number, SecretBytes key, Bytes wrapped) {}
