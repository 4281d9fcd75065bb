package org.templatevault.vault;

import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** The subject was erased; its id never comes back. */
public final class SubjectErasedException extends VaultException {
    private final @Nullable UUID erasure;

    /** @param erasure the erasure's id, where it is known */
    public SubjectErasedException(@Nullable UUID erasure) {
        super(ErrorKind.ERASED, "subject-erased", "This subject was erased");
        this.erasure = erasure;
    }

    /** The erasure that has the receipt. */
    public @Nullable UUID erasure() {
        return erasure;
    }
}
