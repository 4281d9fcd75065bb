package org.templatevault.keyring;

import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.persistence.Bytes;

/**
 * A key encryption key in memory.
 *
 * @param version from 1
 * @param state as it was when the ring was read
 * @param wrapSuite the suite that this version wraps with
 * @param dataSuite the suite of the DEKs that are made under it; null for the configured one
 * @param key 32 bytes
 * @param fingerprint 32 bytes that name the key and tell nothing of it: a copy of the database may have made another KEK
 *     under the same number
 */
public record Kek(
        int version,
        KeyState state,
        Suite wrapSuite,
        @Nullable Suite dataSuite,
        SecretBytes key,
        Bytes fingerprint) {}
