package org.templatevault.keyring;

import org.templatevault.crypto.SecretBytes;
import org.templatevault.persistence.KeyVersions.ServiceKeyRow;

/**
 * A service key in memory.
 *
 * @param purpose what it is for
 * @param number from 1 for each purpose
 * @param key 32 bytes
 * @param from the row that it was unwrapped from; the same bytes in another row are not this key before they were opened there
 */
public record ServiceKey(ServicePurpose purpose, int number, SecretBytes key, ServiceKeyRow from) {}
