package org.templatevault.rotation;

import org.jspecify.annotations.Nullable;

/**
 * What a caller asks for.
 *
 * @param mode {@code reencrypt}: new DEKs and new ciphertext; {@code rewrap}: the same DEKs under the new KEK
 * @param reason {@code manual} or {@code scheduled}
 * @param suite the suite of the new DEKs; null for the configured one
 * @param rate the most subjects that are moved in a second; null for no limit
 */
public record RotationRequest(
        String mode,
        String reason,
        @Nullable String suite,
        @Nullable Integer rate) {}
