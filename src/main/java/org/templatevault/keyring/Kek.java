package org.templatevault.keyring;

import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;

/**
 * A key encryption key in memory.
 *
 * @param version from 1
 * @param state as it was when the ring was read
 * @param wrapSuite the suite that this version wraps with
 * @param key 32 bytes
 */
public record Kek(int version, KeyState state, Suite wrapSuite, SecretBytes key) {}
