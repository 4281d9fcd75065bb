package org.templatevault.rotation;

import org.jspecify.annotations.Nullable;

/**
 * What a caller asks for.
 *
 * @param mode {@code reencrypt}: new DEKs and new ciphertext; {@code rewrap}: the same DEKs under the new KEK
 * @param reason {@code manual}, {@code scheduled} or {@code compromise}
 * @param suite the suite of the new DEKs; null for the configured one
 * @param version the compromised version, where that is the reason; null for the active one
 * @param rate the most subjects that are moved in a second; null for no limit
 */
public record RotationRequest(
        String mode,
        String reason,
        @Nullable String suite,
        @Nullable Integer version,
        @Nullable Integer rate) {}
