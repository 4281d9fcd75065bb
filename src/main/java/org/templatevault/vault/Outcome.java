package org.templatevault.vault;

import org.jspecify.annotations.Nullable;
import org.templatevault.error.VaultException;

/**
 * What became of one item of a batch: exactly one of the two is there.
 *
 * @param <T> what a successful item gives
 */
public record Outcome<T>(@Nullable T value, @Nullable VaultException problem) {
    /** A success. */
    public static <T> Outcome<T> of(T value) {
        return new Outcome<>(value, null);
    }

    /** A failure. */
    public static <T> Outcome<T> failed(VaultException problem) {
        return new Outcome<>(null, problem);
    }

    /** Whether the item succeeded. */
    public boolean isOk() {
        return problem == null;
    }
}
