package org.templatevault.keyring;

import org.templatevault.crypto.SecretBytes;

/**
 * A service key in memory.
 *
 * @param purpose what it is for
 * @param number from 1 for each purpose
 * @param key 32 bytes
 */
public record ServiceKey(ServicePurpose purpose, int number, SecretBytes key) {}
